import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { until } from './wait.js';

export interface ReceivedEvent {
  type: string;
  timestamp: string;
  data: Record<string, unknown> & {
    handoverId: string;
    /** Only in events of an incoming conversation. */
    conversationId?: string;
    sequence: number;
    message?: { text: string | null } & Record<string, unknown>;
  };
}

/** The incoming conversation or the handover that an event is about. */
function subjectOf({ data }: ReceivedEvent): string {
  return data.conversationId ?? data.handoverId;
}

/** A bot's callback: verifies every delivery with the library that bots would use, and keeps what it got. */
export class TestBot {
  readonly secret = `whsec_${Buffer.from('a secret of twenty-four bytes').toString('base64')}`;
  /** Every delivery, also the refused ones, in the order in which they came. */
  readonly deliveries: {
    id: string;
    event: ReceivedEvent;
    status: number;
    headers: IncomingMessage['headers'];
    at: number;
  }[] = [];
  /** What to answer next; an empty list means 204. A function decides for itself. */
  answers: (number | { status: number; headers: Record<string, string> })[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<TestBot> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bot = new TestBot(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const answer = bot.take(Buffer.concat(chunks).toString('utf8'), request.headers);
        response.writeHead(answer.status, answer.headers).end();
      });
    });
    return bot;
  }

  /** Accepted events of a handover or an incoming conversation, in order of arrival. */
  events(handoverId: string): ReceivedEvent[] {
    return this.deliveries
      .filter(({ event, status }) => status < 300 && subjectOf(event) === handoverId)
      .map(({ event }) => event);
  }

  types(handoverId: string): string[] {
    return this.events(handoverId).map(({ type }) => type);
  }

  texts(handoverId: string): (string | null)[] {
    return this.events(handoverId)
      .filter(({ type }) => type === 'message.created')
      .map(({ data }) => data.message!.text);
  }

  /** Waits for the nth event of a type. */
  async event(handoverId: string, type: string, nth = 1): Promise<ReceivedEvent> {
    return until(
      `${type} number ${nth}; got ${this.types(handoverId).join(', ')}`,
      () => this.events(handoverId).filter((event) => event.type === type)[nth - 1],
    );
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(
    body: string,
    headers: IncomingMessage['headers'],
  ): { status: number; headers?: Record<string, string> } {
    const event = new Webhook(this.secret).verify(body, headers as Record<string, string>) as ReceivedEvent;
    const next = this.answers.shift() ?? 204;
    const answer = typeof next === 'number' ? { status: next } : next;
    this.deliveries.push({
      id: headers['webhook-id'] as string,
      event,
      status: answer.status,
      headers,
      at: Date.now(),
    });
    return answer;
  }
}
