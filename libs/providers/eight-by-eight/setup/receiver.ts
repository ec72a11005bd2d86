import { createServer, type IncomingMessage, type Server } from 'node:http';
import { isPlainObject } from '#contract';
import { isConnectionTest } from '../mapping.js';

const MAX_BYTES = 1_048_576;
const MAX_REMEMBERED = 1_000;

/**
 * Stands in for the gateway while there is none: answers 8x8's connection test and whatever events come, and remembers which.
 * It verifies no signature, so nothing may depend on what it says but a test.
 */
export class Receiver {
  tests = 0;
  private readonly heard: { conversationId: unknown; eventType: unknown }[] = [];

  private constructor(private readonly server: Server) {}

  /** @throws {Error} with a `code` when the port cannot be had */
  static async listen(host: string, port: number): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => {
      receiver
        .take(request)
        .then((status) => response.writeHead(status).end())
        .catch(() => response.destroy());
    });
    await new Promise<void>((listening, failed) => server.once('error', failed).listen(port, host, listening));
    return receiver;
  }

  /** Whether 8x8 has queued the conversation. */
  hasQueued(conversationId: string): boolean {
    return this.heard.some((event) => event.conversationId === conversationId && event.eventType === 'QUEUED');
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async take(request: IncomingMessage): Promise<number> {
    if (request.method !== 'POST') return 404;
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_BYTES) return 413;
      parts.push(part);
    }
    const body = Buffer.concat(parts);
    if (isConnectionTest(body)) this.tests += 1;
    else if (this.heard.length < MAX_REMEMBERED) this.heard.push(eventOf(body));
    return 204;
  }
}

function eventOf(body: Buffer): { conversationId: unknown; eventType: unknown } {
  try {
    const event: unknown = JSON.parse(body.toString('utf8'));
    return isPlainObject(event)
      ? { conversationId: event.conversationId, eventType: event.eventType }
      : { conversationId: null, eventType: null };
  } catch {
    return { conversationId: null, eventType: null };
  }
}
