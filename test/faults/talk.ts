import { until } from '../support/wait.js';
import type { Random } from './random.js';
import type { Answer, Stage } from './stage.js';

/** A message that the gateway has accepted with 202. */
export interface Accepted {
  text: string;
  messageId: string;
  at: number;
}

export interface TalkPlan {
  /** What the user says, in this order. */
  userTexts: string[];
  /** What the agent says, in this order. */
  agentTexts: string[];
  /** How far either side runs ahead of what has arrived at the other end. */
  window: number;
  /** After how many of the agent's messages the chat is transferred to another queue and agent. */
  transferAfter?: number;
  end: 'bot closes' | 'agent leaves';
}

/** One handover as a bot, a user and an agent live through it. Keeps what each of them knows. */
export class Talk {
  handoverId = '';
  readonly accepted: Accepted[] = [];
  /** What agents said in the contact centre. */
  readonly said: { text: string; at: number }[] = [];
  /** What was waited for in vain. */
  readonly stuck: string[] = [];
  /** Other handovers that are there at the same time. */
  readonly companions: Talk[] = [];
  /** Nothing happens to this one that would excuse an answer of 5xx. */
  mayBeRefused = true;

  constructor(
    private readonly stage: Stage,
    readonly name: string,
    private readonly random: Random,
    private readonly deadline: number,
  ) {}

  /** Another handover beside this one. */
  beside(name: string): Talk {
    const talk = new Talk(this.stage, `${this.name}-${name}`, this.random, this.deadline);
    this.companions.push(talk);
    return talk;
  }

  /** From the request to the end. What does not happen in time is kept in `stuck`. */
  async live(plan: TalkPlan): Promise<void> {
    try {
      await this.start();
      await Promise.all([this.userSide(plan), this.agentSide(plan)]);
      await (plan.end === 'bot closes' ? this.close() : this.leave());
      await this.settled();
    } catch (error) {
      this.stuck.push((error as Error).message);
    }
  }

  /** A handover that an agent has answered, and of which the bot knows that. */
  async begin(): Promise<void> {
    await this.start();
    await this.join();
    await this.wait('the agent', () => this.events().includes('handover.active'));
  }

  async start(): Promise<void> {
    const body = { provider: 'support-8x8', sessionId: this.name, userId: `user of ${this.name}` };
    const answer = await this.insist(`the start of ${this.name}`, () =>
      this.stage.call('POST', '/v1/handovers', body, `start-${this.name}`),
    );
    this.handoverId = answer.body.id as string;
  }

  /** Says something as the user and repeats it under its key until it is accepted. */
  async say(text: string, key = `${this.accepted.length + 1}`): Promise<void> {
    const path = `/v1/handovers/${this.handoverId}/messages`;
    const answer = await this.insist(`the acceptance of "${text}"`, () =>
      this.stage.call('POST', path, { text }, `message-${key}`),
    );
    this.accepted.push({ text, messageId: answer.body.id as string, at: Date.now() });
  }

  /** Lets an agent answer the chat; waits until 8x8 has it. */
  async join(agentId = 'agent-ann'): Promise<void> {
    const conversation = await this.conversation();
    void this.stage.simulator.agent.join(conversation, agentId);
  }

  /** Says something as the agent. Does not wait for the webhook. */
  async agentSays(text: string): Promise<void> {
    const conversation = await this.conversation();
    this.said.push({ text, at: Date.now() });
    void this.stage.simulator.agent.say(conversation, text);
  }

  async close(): Promise<void> {
    await this.webhooksAnswered();
    await this.insist('the close', () => this.stage.call('POST', `/v1/handovers/${this.handoverId}/close`, {}));
  }

  /** The agent leaves, as a person would: when everything has been said and read. */
  async leave(): Promise<void> {
    await this.webhooksAnswered();
    await this.wait('all messages of the user to arrive', () => this.arrived() >= this.accepted.length);
    void this.stage.simulator.agent.leave(await this.conversation());
  }

  /** Waits for the end: the handover is final, nothing is pending, and the bot has acknowledged the last event. */
  async settled(): Promise<void> {
    const path = `/v1/handovers/${this.handoverId}`;
    await this.wait('the end of the handover', async () => {
      const answer = await this.stage.call('GET', path);
      return answer?.status === 200 && ['completed', 'cancelled', 'failed'].includes(answer.body.status as string);
    });
    await this.wait('the final event', () => this.events().some((type) => FINAL.test(type)));
    // The transcript may lag behind for a moment; for longer is a finding of the auditor's.
    await until('nothing to be pending', () => this.nothingPending(), LAG_MS).catch(() => undefined);
  }

  /** Waits until a state is reached, until the deadline of the whole run. */
  wait(what: string, look: () => boolean | Promise<boolean>): Promise<unknown> {
    return until(`${what} (${this.handoverId || this.name})`, look, Math.max(0, this.deadline - Date.now()));
  }

  /** How its lane stands in the database; null where nothing is left to do. */
  async lane(direction: 'provider' | 'bot'): Promise<{ owner: string | null; uncertain: boolean } | null> {
    const sql = `SELECT owner, uncertain FROM lane WHERE direction = '${direction}' AND handover_id = '${this.handoverId}'`;
    const [row] = await this.stage.cluster.query<{ owner: string | null; uncertain: boolean }>(
      sql,
      this.stage.database,
    );
    return row ?? null;
  }

  /** How many of the user's messages are in the contact centre. */
  arrived(): number {
    const conversation = this.stage.conversationOf(this.handoverId);
    return conversation?.messages.filter(({ authorType }) => authorType === 'user').length ?? 0;
  }

  /** How many different messages of agents the bot was brought, acknowledged or not. */
  brought(): number {
    return this.stage.ledger.brought(this.handoverId);
  }

  /** How many different messages of agents the bot has acknowledged. */
  received(): number {
    return this.events().filter((type) => type === 'message.created').length;
  }

  private async userSide({ userTexts, window }: TalkPlan): Promise<void> {
    for (const [index, text] of userTexts.entries()) {
      await this.wait('room to say more', () => this.arrived() >= index - window);
      await this.say(text);
    }
  }

  private async agentSide({ agentTexts, window, transferAfter }: TalkPlan): Promise<void> {
    await this.join();
    for (const [index, text] of agentTexts.entries()) {
      if (index === transferAfter) {
        void this.stage.simulator.agent.transfer(await this.conversation(), '102');
        await this.join('agent-ben');
      }
      await this.wait('room to answer more', () => this.received() >= index - window);
      await this.agentSays(text);
    }
  }

  private async conversation(): Promise<string> {
    await this.wait('the conversation', () => this.stage.conversationOf(this.handoverId) !== null);
    return this.stage.conversationOf(this.handoverId)!.id;
  }

  private async nothingPending(): Promise<boolean> {
    const answer = await this.stage.call('GET', `/v1/handovers/${this.handoverId}/messages?limit=200`);
    return answer?.status === 200 && !JSON.stringify(answer.body).includes('"status":"pending"');
  }

  /** Every message of the agents' so far was answered 2xx. What comes later than the end may rightly get nowhere. */
  async webhooksAnswered(): Promise<void> {
    const conversation = await this.conversation();
    await this.wait('the webhooks to be answered', () => this.stage.ledger.answered(conversation) >= this.said.length);
  }

  /** The types of the events that the bot has acknowledged, each event once. */
  events(): string[] {
    return this.stage.ledger.acknowledged(this.handoverId);
  }

  /** A client that does as the documentation says: the same request under the same key until it is answered 2xx. */
  private async insist(what: string, call: () => Promise<Answer | null>): Promise<Answer> {
    let last: Answer | null = null;
    for (;;) {
      last = (await call()) ?? last;
      if (last && last.status < 300) return last;
      if (last && REFUSED.includes(last.status)) throw new Error(`${what} was refused: ${JSON.stringify(last)}`);
      if (Date.now() > this.deadline) throw new Error(`waited in vain for ${what}: ${JSON.stringify(last)}`);
      await new Promise((resolve) => setTimeout(resolve, this.random.between(50, 300)));
    }
  }
}

/** Answers that repeating cannot change. A 409 can be a call under the same key that is still under way. */
const REFUSED = [400, 401, 403, 404, 413, 422];
const LAG_MS = 5_000;
const FINAL = /^handover\.(completed|cancelled|failed)$/;
