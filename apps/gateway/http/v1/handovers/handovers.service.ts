import { createHash } from 'node:crypto';
import { parseAs, type Card, type ConvertedMessage, type MessageContent } from '#contract';
import {
  closeHandover,
  courseOf,
  handoverView,
  invalid,
  isConversation,
  messageView,
  notFound,
  postMessage,
  queueOf,
  Refusal,
  roughSize,
  startHandover,
  startRequestOf,
  unsupported,
  updateHandover,
  type Answer,
  type Cost,
  type Handover,
  type HandoverUnit,
  type IdempotencyKey,
  type ProviderInstance,
} from '#core';
import { Injectable } from '@nestjs/common';
import { Runtime } from '../../../runtime/runtime.js';
import type { Principal } from '../../auth.guard.js';
import { AttachmentsService } from '../attachments/attachments.service.js';
import { availabilityView } from '../availability/availability.views.js';
import type { PostMessageDto, StartHandoverDto, UpdateHandoverDto } from './handovers.dto.js';

/** What bots and operators may do with handovers: who may do it, and in which transaction. */
@Injectable()
export class HandoversService {
  constructor(
    private readonly runtime: Runtime,
    private readonly attachments: AttachmentsService,
  ) {}

  /** The handover, if the caller may see it. @throws {Refusal} `not_found` */
  async find(caller: Principal, id: string): Promise<Handover> {
    const handover = await this.runtime.handovers.get(id);
    if (!handover || !mayRead(caller, handover)) throw notFound(id);
    return handover;
  }

  async start(caller: Principal, input: StartHandoverDto, key: string | undefined): Promise<Answer> {
    const bot = botOf(caller);
    await this.refuseIncoming(caller, input.sessionId);
    if (caller.role === 'bot' && !caller.enabled)
      throw new Refusal('forbidden', 'This bot is disabled: it is no longer in the configuration.');
    const idempotency = keyOf(bot, 'handovers', key, input);
    const allowed = this.runtime.accounts.providersOf(bot);
    const work = (): { unit: HandoverUnit; answer: Answer } => {
      const provider = this.runtime.registry.choose(input.provider, allowed);
      const unit = startHandover(
        {
          bot,
          provider: provider.name,
          sessionId: input.sessionId,
          userId: input.userId,
          user: { ...input.user },
          transcript: (input.transcript ?? []).map(({ author, text, at }) => ({
            author,
            text,
            at: at ? new Date(at) : undefined,
          })),
          settings: input.settings ?? {},
          metadata: input.metadata ?? null,
        },
        this.runtime.clock.now(),
        courseOf(provider),
      );
      this.check(provider, unit.handover, input.transcript ?? []);
      return { unit, answer: { status: 201, body: handoverView(unit.handover) } };
    };
    if (input.requireAvailable) {
      const earlier = idempotency && (await this.runtime.handovers.answered(idempotency));
      if (earlier) return earlier;
      // A request that could not be sent anyway is refused for that, and asks nobody.
      await this.refuseUnavailable(work().unit.handover, allowed);
    }
    return this.runtime.handovers.create(idempotency, work, costOf(caller, input));
  }

  private async refuseUnavailable(
    { bot, provider: name, settings }: Handover,
    allowed: readonly string[] | null,
  ): Promise<void> {
    const provider = this.runtime.registry.choose(name, allowed);
    const found = await this.runtime.availability
      .of(provider, queueOf(provider, settings), `bot:${bot}`)
      .catch(refused);
    // Whoever asks too often is not told, and what is not known keeps no handover from starting.
    if (found === null) return;
    if (found.state !== 'unavailable') return;
    throw new Refusal(
      'conflict',
      `Nobody is there: ${found.reason} Try again later, or start without requireAvailable.`,
      [],
      {
        reason: 'unavailable',
        availability: availabilityView(found),
      },
    );
  }

  /** In the session of an incoming conversation it would open a second one, where the user is not. */
  private async refuseIncoming(caller: Principal, sessionId: string): Promise<void> {
    if (!/^cv_[0-9a-f]{32}$/.test(sessionId)) return;
    const conversation = await this.runtime.handovers.get(sessionId);
    if (!conversation || !isConversation(conversation) || !isOwn(caller, conversation)) return;
    const path = `POST /v1/conversations/${sessionId}/handover`;
    throw new Refusal('conflict', `This is the session of an incoming conversation: hand it over with ${path}.`);
  }

  async post(caller: Principal, id: string, input: PostMessageDto, key: string | undefined): Promise<Answer> {
    const bot = botOf(caller);
    const content = contentOf(input, input.author ?? 'user');
    const named = input.attachments ?? [];
    const attachments = named.length > 0 ? await this.attachments.named(await this.find(caller, id), named) : [];
    const work = (unit: HandoverUnit): Answer => {
      if (!mayRead(caller, unit.handover)) throw notFound(id);
      const provider = this.runtime.registry.get(unit.handover.provider);
      const course = provider ? courseOf(provider) : null;
      const posted = postMessage(unit, { content, attachments, ...shown(provider, content) }, course);
      return { status: 202, body: messageView(posted) };
    };
    const idempotency = keyOf(bot, `messages ${id}`, key, input);
    const answer = await this.runtime.handovers.answer(id, idempotency, work, costOf(caller, input));
    return answer ?? fail(notFound(id));
  }

  async update(caller: Principal, id: string, input: UpdateHandoverDto): Promise<Handover> {
    const bot = botOf(caller);
    if (input.user || input.settings?.queueId !== undefined) {
      // Each is a call to the contact centre.
      const { provider } = await this.find(caller, id);
      this.runtime.vendorCalls.take(provider, bot);
    }
    const work = (unit: HandoverUnit): Handover => {
      if (!mayRead(caller, unit.handover)) throw notFound(id);
      if (input.settings && !this.runtime.accounts.mayUse(bot, unit.handover.provider))
        throw new Refusal(
          'conflict',
          'This bot may no longer use the contact centre of this handover: it goes on, but cannot be moved.',
        );
      updateHandover(unit, { user: input.user, metadata: input.metadata, queueId: input.settings?.queueId });
      const provider = this.runtime.registry.get(unit.handover.provider);
      if (provider && (input.user || input.settings)) {
        if (!provider.session.update) throw unsupported('This contact centre cannot change a running conversation.');
        this.check(provider, unit.handover, []);
      }
      return unit.handover;
    };
    const changed = await this.runtime.handovers.change(id, work, { cost: costOf(caller, input) });
    return changed ?? fail(notFound(id));
  }

  async close(caller: Principal, id: string, reason: 'bot' | 'user' | undefined): Promise<Handover> {
    const by = caller.role === 'operator' ? 'operator' : (reason ?? 'bot');
    const work = (unit: HandoverUnit): Handover => {
      if (!mayRead(caller, unit.handover)) throw notFound(id);
      closeHandover(unit, by);
      return unit.handover;
    };
    const closed = await this.runtime.handovers.change(id, work, { cost: costOf(caller, {}) });
    return closed ?? fail(notFound(id));
  }

  /** Refuses what the provider could not send, before anything is stored. */
  check(
    provider: ProviderInstance,
    handover: Handover,
    transcript: { author: 'user' | 'bot' | 'agent' | 'system'; text: string }[],
  ): void {
    const { errors } = parseAs(provider.definition.handoverSettings, handover.settings, '/settings');
    if (errors.length > 0) throw invalid(errors);
    const problems = provider.session.validate(startRequestOf(handover, provider, transcript));
    if (problems.length > 0) throw invalid(problems);
  }
}

/** What a message says. @throws {Refusal} `invalid` when that is nothing */
export function contentOf(
  { text, cards = [], attachments = [] }: PostMessageDto,
  author: MessageContent['author'],
): MessageContent {
  if (text === undefined && cards.length === 0 && attachments.length === 0)
    throw invalid([{ pointer: '/text', detail: 'is missing: a message needs a text, an attachment or a card' }]);
  if (text?.trim() === '') throw invalid([{ pointer: '/text', detail: 'must not be blank' }]);
  return {
    author,
    text: text ?? null,
    cards: cards.map(({ contentType, content }): Card => ({ contentType, content })),
  };
}

/** How the provider shows a message. @throws {Refusal} `invalid` when it cannot at all */
export function shown(
  provider: ProviderInstance | undefined,
  content: MessageContent,
): Pick<ConvertedMessage, 'parts' | 'losses'> {
  const shown = provider?.session.convert?.(content);
  if (shown && shown.errors.length > 0) throw invalid(shown.errors);
  return shown ?? { parts: [content], losses: [] };
}

/** Makes a request known again. @throws {Refusal} `invalid` */
export function keyOf(bot: string, scope: string, key: string | undefined, input: object): IdempotencyKey | null {
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Refusal('invalid', 'The Idempotency-Key header must have 1 to 255 visible ASCII characters.');
  }
  return { bot, scope, key, fingerprint: createHash('sha256').update(JSON.stringify(input)).digest('hex') };
}

/** Null for what was refused. */
function refused(error: unknown): null {
  if (error instanceof Refusal) return null;
  throw error;
}

/** What a change counts for while it waits for the database. */
export function costOf(caller: Principal, input: object): Cost {
  return { owner: caller.role === 'bot' ? `bot:${caller.name}` : 'operator', bytes: roughSize(input) };
}

export function fail(error: Error): never {
  throw error;
}

function mayRead(caller: Principal, handover: Handover): boolean {
  return !isConversation(handover) && isOwn(caller, handover);
}

export function isOwn(caller: Principal, { bot }: Handover): boolean {
  return caller.role === 'operator' || caller.name === bot;
}

/** @throws {Refusal} `forbidden` for the operator */
export function botOf(caller: Principal): string {
  if (caller.role === 'bot') return caller.name;
  throw new Refusal('forbidden', "Use a bot's API key for this: the admin key reads and closes handovers only.");
}
