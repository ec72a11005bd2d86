import { ProviderError, type ProviderLog, type ProviderSession } from '#contract';
import {
  comesBack,
  isFinal,
  recordStarted,
  recordStartFailed,
  releaseConversation,
  startRequestOf,
  unheardSince,
  type Handover,
  type HandoverStore,
  type HandoverUnit,
  type LaneStore,
  type Message,
} from '#core';
import type { Outcome } from './executor.js';
import type { CommandContext } from './provider-commands.js';

/** How soon it is looked again whether what the bot said before the handover has arrived, in milliseconds. */
const LOOK_AGAIN_MS = 200;
const BATCH = 200;

type Fail = (
  context: CommandContext,
  error: unknown,
  readBack: boolean,
  giveUp: (unit: HandoverUnit, code: string, message: string) => void,
) => Promise<Outcome>;

/** The first and the last command of a handover whose conversation began in the contact centre. Both can be done twice. */
export class IncomingCommands {
  constructor(
    private readonly store: HandoverStore,
    private readonly lanes: Pick<LaneStore, 'isBusy'>,
    private readonly fail: Fail,
    private readonly log: ProviderLog,
  ) {}

  /** Moves the conversation to its queue, after everything that the bot said before. */
  async reassign(context: CommandContext): Promise<Outcome> {
    const { handover, provider } = context;
    const { session } = provider;
    const conversation = handover.conversationId!;
    if (isFinal(handover) || handover.closing) return { kind: 'done' };
    if (await this.lanes.isBusy({ handoverId: handover.incoming!.id, direction: 'provider' }))
      return { kind: 'wait', ms: LOOK_AGAIN_MS };
    try {
      if (!session.reassign)
        throw new ProviderError('unsupported', 'This contact centre cannot move a conversation to a queue.');
      // Asked for while the bot still has it: afterwards the agents may be done before the contact centre knows.
      if (handover.incoming!.handBack) await this.askBack(session, handover, conversation);
      await session.reassign(conversation, startRequestOf(handover, provider, []));
      await this.store.change(handover.id, (unit) => recordStarted(unit, conversation));
      return { kind: 'done' };
    } catch (error) {
      return this.fail(context, error, false, (unit, code, message) => {
        const reason = code === 'unsupported' ? 'unsupported' : code === 'gave_up' ? 'unreachable' : 'rejected';
        recordStartFailed(unit, { reason, message });
      });
    }
  }

  /** An agent matters more than the way back: refused, the conversation ends with the handover. */
  private async askBack(session: ProviderSession, handover: Handover, conversation: string): Promise<void> {
    try {
      await session.handBack?.(conversation);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.retry !== 'never') throw error;
      this.log.warn(
        { handoverId: handover.id, code: error.code },
        'the contact centre will not give the conversation back after the agent',
      );
    }
  }

  /** Gives the conversation back to its bot, or ends it with the handover. */
  async release({ handover, provider }: CommandContext): Promise<Outcome> {
    const { endGraceMs } = provider.session;
    const said = comesBack(handover, endGraceMs) ? await this.saidIn(handover) : null;
    const since = unheardSince(handover, said ?? [], endGraceMs);
    await this.store.change(handover.incoming!.id, (unit) => releaseConversation(unit, handover, said, since));
    return { kind: 'done' };
  }

  private async saidIn(handover: Handover): Promise<Message[]> {
    const said: Message[] = [];
    let cursor: string | undefined;
    do {
      const { data, next } = await this.store.messages(handover.id, { limit: BATCH, cursor });
      said.push(...data);
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    return said;
  }
}
