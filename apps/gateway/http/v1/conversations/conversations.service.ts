import {
  answerConversation,
  closeHandover,
  courseOf,
  handOverConversation,
  handoverView,
  isConversation,
  messageView,
  notFound,
  Refusal,
  refuseEndWhileHandedOver,
  unsupported,
  type Answer,
  type Handover,
  type HandoverUnit,
} from '#core';
import { Injectable } from '@nestjs/common';
import { Runtime } from '../../../runtime/runtime.js';
import type { Principal } from '../../auth.guard.js';
import { AttachmentsService } from '../attachments/attachments.service.js';
import {
  botOf,
  contentOf,
  costOf,
  fail,
  HandoversService,
  isOwn,
  keyOf,
  shown,
} from '../handovers/handovers.service.js';
import type { AnswerDto, HandOverDto } from './conversations.dto.js';

/** What bots and operators may do with conversations that began in the contact centre. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly runtime: Runtime,
    private readonly handovers: HandoversService,
    private readonly attachments: AttachmentsService,
  ) {}

  /** The conversation, if the caller may see it. @throws {Refusal} `not_found` */
  async find(caller: Principal, id: string): Promise<Handover> {
    const conversation = await this.runtime.handovers.get(id);
    if (!conversation || !mayRead(caller, conversation)) throw notFound(id, 'conversation');
    return conversation;
  }

  async answer(caller: Principal, id: string, input: AnswerDto, key: string | undefined): Promise<Answer> {
    const bot = botOf(caller);
    const content = contentOf(input, 'bot');
    const named = input.attachments ?? [];
    const attachments = named.length > 0 ? await this.attachments.named(await this.find(caller, id), named) : [];
    const work = (unit: HandoverUnit): Answer => {
      this.refuseOthers(caller, unit);
      const provider = this.runtime.registry.get(unit.handover.provider);
      const posted = answerConversation(unit, { content, attachments, ...shown(provider, content) });
      return { status: 202, body: messageView(posted) };
    };
    const idempotency = keyOf(bot, `messages ${id}`, key, input);
    const answer = await this.runtime.handovers.answer(id, idempotency, work, costOf(caller, input));
    return answer ?? fail(notFound(id, 'conversation'));
  }

  async handOver(caller: Principal, id: string, input: HandOverDto, key: string | undefined): Promise<Answer> {
    const bot = botOf(caller);
    if (caller.role === 'bot' && !caller.enabled)
      throw new Refusal('forbidden', 'This bot is disabled: it is no longer in the configuration.');
    const work = (unit: HandoverUnit): Answer => {
      this.refuseOthers(caller, unit);
      const provider = this.runtime.registry.get(unit.handover.provider);
      if (!provider?.enabled || !this.runtime.accounts.mayUse(bot, provider.name)) {
        const { provider: name } = unit.handover;
        throw new Refusal('conflict', `The provider "${name}" is disabled: it takes no new handovers.`);
      }
      if (!provider.session.reassign) throw unsupported('This contact centre cannot move a conversation to a queue.');
      const given = { user: { ...input.user }, settings: input.settings ?? {}, metadata: input.metadata ?? null };
      const handover = handOverConversation(unit, given, courseOf(provider));
      this.handovers.check(provider, handover, []);
      return { status: 201, body: handoverView(handover) };
    };
    const idempotency = keyOf(bot, `handover ${id}`, key, input);
    const answer = await this.runtime.handovers.answer(id, idempotency, work, costOf(caller, input));
    return answer ?? fail(notFound(id, 'conversation'));
  }

  async end(caller: Principal, id: string): Promise<Handover> {
    const work = (unit: HandoverUnit): Handover => {
      this.refuseOthers(caller, unit);
      refuseEndWhileHandedOver(unit.handover);
      closeHandover(unit, caller.role === 'operator' ? 'operator' : 'bot');
      return unit.handover;
    };
    const ended = await this.runtime.handovers.change(id, work, { cost: costOf(caller, {}) });
    return ended ?? fail(notFound(id, 'conversation'));
  }

  private refuseOthers(caller: Principal, { handover }: HandoverUnit): void {
    if (!mayRead(caller, handover)) throw notFound(handover.id, 'conversation');
  }
}

function mayRead(caller: Principal, conversation: Handover): boolean {
  return isConversation(conversation) && isOwn(caller, conversation);
}
