import type { Simulator } from '../../apps/simulator/index.js';
import { linkToken } from './built.js';
import { until } from './wait.js';
import type { World } from './world.js';

type Json = Record<string, unknown>;

export const COPILOT_TOKEN = 'copilot-token-of-the-tests';

/** A provider with a copilot, beside the world's own. */
export function withCopilot(simulator: Simulator, copilot: Json = { builtIn: true, urlToken: COPILOT_TOKEN }): Json {
  return {
    name: 'desk',
    type: 'eightByEight',
    settings: { baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'acme01', endGrace: '1s' },
    defaults: { channelId: 'channel-1', queueId: '101' },
    copilot,
  };
}

/** What stands in the link of the newest handover of a session; `secret` is the provider's URL token. */
export async function tokenFor(
  { database }: World,
  { userId, sessionId }: { userId: string; sessionId: string },
  secret = COPILOT_TOKEN,
): Promise<string> {
  const [newest] = await database.query(
    `SELECT id FROM handover WHERE user_id = $1 AND session_id = $2 ORDER BY id DESC LIMIT 1`,
    [userId, sessionId],
  );
  return linkToken(secret, (newest?.id as string | undefined) ?? `ho_${'0'.repeat(32)}`);
}

/** What the copilot's page asks of a gateway, as the page does it. */
export class CopilotPage {
  readonly events: { event: string; data: Json }[] = [];
  isOver = false;
  private readonly stopper = new AbortController();

  private constructor(
    private readonly url: string,
    private readonly ticket: string,
  ) {}

  static async session(gateway: { url: string }, link: Json): Promise<{ status: number; body: Json }> {
    const answer = await fetch(`${gateway.url}/copilot/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(link),
    });
    return { status: answer.status, body: (await answer.json()) as Json };
  }

  /** Opens the page by a link and follows its stream. */
  static async open(
    gateway: World['gateway'],
    link: { userId: string; sessionId: string; urlToken: string },
  ): Promise<CopilotPage> {
    const { status, body } = await CopilotPage.session(gateway, link);
    if (status !== 200) throw new Error(`the copilot answered ${status}`);
    const page = new CopilotPage(gateway.url, body.ticket as string);
    const answer = await page.ask('events');
    if (answer.status !== 200) throw new Error(`the copilot's stream was answered ${answer.status}`);
    void page.follow(answer).catch(() => undefined);
    return page;
  }

  /** All messages that were shown, the last version of each, by sequence. */
  get messages(): { sequence: number; text: string; status: string; author: { type: string } }[] {
    const all = this.events.filter(({ event }) => event === 'messages').flatMap(({ data }) => data as never as []);
    const bySequence = new Map((all as { sequence: number }[]).map((message) => [message.sequence, message]));
    return [...bySequence.values()].sort((a, b) => a.sequence - b.sequence) as never;
  }

  /** The newest of what was said about something. */
  last(event: string): Json | undefined {
    return this.events.filter((one) => one.event === event).at(-1)?.data;
  }

  async sees(text: string): Promise<void> {
    await until(`the page to show "${text}"`, () => this.messages.some((message) => message.text === text));
  }

  /** Asks what the page would ask. */
  ask(path: string): Promise<Response> {
    const headers = { authorization: `Bearer ${this.ticket}` };
    return fetch(`${this.url}/copilot/${path}`, { headers, signal: this.stopper.signal });
  }

  close(): void {
    this.stopper.abort();
  }

  private async follow(answer: Response): Promise<void> {
    let rest = '';
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
      const frames = (rest + part).split('\n\n');
      rest = frames.pop()!;
      for (const frame of frames) {
        const [, event] = /^event: (.*)$/m.exec(frame) ?? [];
        const [, data] = /^data: (.*)$/m.exec(frame) ?? [];
        if (event && data) this.events.push({ event, data: JSON.parse(data) as Json });
      }
    }
    this.isOver = true;
  }
}
