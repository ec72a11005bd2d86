import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { Chat, type HandoverEvent } from './chat.js';
import { callGateway, isSigned } from './gateway.js';

/** `callbackSecret` is `whsec_` and base64, as in the gateway's configuration; `port` 0 takes any free one. */
export type SampleBotOptions = { gatewayUrl: string; apiKey: string; callbackSecret: string; port: number };
/** `url` is the chat page; `callbackUrl` is where the gateway is to send its events. */
export type SampleBot = { url: string; callbackUrl: string; stop(): Promise<void> };

const LIMITS = { bodyBytes: 1024 * 1024, textCharacters: 4000, chats: 1000 };

/** Starts the bot and its chat page on 127.0.0.1. */
export async function startSampleBot(options: SampleBotOptions): Promise<SampleBot> {
  const page = await readFile(new URL('./page/index.html', import.meta.url));
  const call = callGateway.bind(null, options.gatewayUrl, options.apiKey);
  const chats = new Map<string, Chat>();

  function chatOf(sessionId: string): Chat {
    const chat = chats.get(sessionId) ?? new Chat(sessionId, call);
    chats.set(sessionId, chat);
    if (chats.size > LIMITS.chats) chats.delete(chats.keys().next().value!);
    return chat;
  }

  /** Resolves to the status to answer with, unless it has answered. */
  async function route(request: IncomingMessage, response: ServerResponse): Promise<number | void> {
    const { method, url = '', headers } = request;
    const [, session, action] = /^\/chats\/([\w-]{16,64})\/(stream|messages|human|end)$/.exec(url) ?? [];
    if (method === 'GET' && url === '/') return void response.setHeader('content-type', 'text/html').end(page);
    if (method === 'GET' && action === 'stream') return watch(chatOf(session!), response);
    if (method !== 'POST') return 404;
    if (!(Number(headers['content-length']) <= LIMITS.bodyBytes)) return 413;
    const body = await textOf(request);
    if (url === '/handover-events') {
      if (!isSigned(headers, body, options.callbackSecret, Date.now())) return 401;
      const event = JSON.parse(body) as HandoverEvent;
      chatOf(event.data.sessionId).take(event);
      return 204;
    }
    // Another site's page cannot send this content type here.
    if (!session || headers['content-type'] !== 'application/json') return 404;
    const { text = '' } = JSON.parse(body) as { text?: unknown };
    if (typeof text !== 'string' || text.length > LIMITS.textCharacters) return 422;
    chatOf(session).userDoes(action as 'messages' | 'human' | 'end', text);
    return 202;
  }

  const server = createServer((request, response) => {
    const answer = (status: number | void): unknown => status && response.writeHead(status).end();
    route(request, response).then(answer, () => answer(400));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async (): Promise<void> => server.close().closeAllConnections();
  return { url, callbackUrl: `${url}/handover-events`, stop };
}

/** Shows the chat as it is now, and again whenever it changes. */
function watch(chat: Chat, response: ServerResponse): void {
  const send = (): void => void response.write(`data: ${JSON.stringify(chat)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.on('close', () => chat.watchers.delete(send));
  chat.watchers.add(send);
  send();
}
