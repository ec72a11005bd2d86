import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { blob, text as textOf } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Chat, type HandoverEvent } from './chat.js';
import { callGateway, isSigned, uploadFile } from './gateway.js';

/** `callbackSecret` is `whsec_` and base64, as in the gateway's configuration; `port` 0 takes any free one. */
export type SampleBotOptions = { gatewayUrl: string; apiKey: string; callbackSecret: string; port: number };
/** `url` is the chat page; `callbackUrl` is where the gateway is to send its events. */
export type SampleBot = { url: string; callbackUrl: string; stop(): Promise<void> };

const LIMITS = { bodyBytes: 1024 * 1024, fileBytes: 25 * 1024 * 1024, textCharacters: 4000, chats: 1000 };

/** Starts the bot and its chat page on 127.0.0.1. */
export async function startSampleBot(options: SampleBotOptions): Promise<SampleBot> {
  const page = await readFile(new URL('./page/index.html', import.meta.url));
  const call = callGateway.bind(null, options.gatewayUrl, options.apiKey);
  const upload = uploadFile.bind(null, options.gatewayUrl, options.apiKey);
  const chats = new Map<string, Chat>();

  function chatOf(sessionId: string): Chat {
    const chat = chats.get(sessionId) ?? new Chat(sessionId, call, upload);
    chats.set(sessionId, chat);
    if (chats.size > LIMITS.chats) chats.delete(chats.keys().next().value!);
    return chat;
  }

  /** Resolves to the status to answer with, unless it has answered. */
  async function route(request: IncomingMessage, response: ServerResponse): Promise<number | void> {
    const { method, url = '', headers } = request;
    const [, session, action, file] =
      /^\/chats\/([\w-]{16,64})\/(stream|messages|human|end|typing|files\/(.+))$/.exec(url) ?? [];
    if (method === 'GET' && url === '/') return void response.setHeader('content-type', 'text/html').end(page);
    if (method === 'GET' && action === 'stream') return watch(chatOf(session!), response);
    if (method === 'GET' && file && chatOf(session!).hasFile(file)) return sendFile(file, response);
    if (method !== 'POST') return 404;
    if (file) {
      if (!(Number(headers['content-length']) <= LIMITS.fileBytes)) return 413;
      // As below: another site's page cannot send this header.
      if (headers['x-file-type'] === undefined) return 404;
      const type = String(headers['x-file-type']);
      chatOf(session!).userSends(new File([await blob(request)], decodeURIComponent(file), { type }));
      return 202;
    }
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
    if (action === 'typing') return (chatOf(session).userTypes(), 202);
    const { text = '' } = JSON.parse(body) as { text?: unknown };
    if (typeof text !== 'string' || text.length > LIMITS.textCharacters) return 422;
    chatOf(session).userDoes(action as 'messages' | 'human' | 'end', text);
    return 202;
  }

  /** Hands on a file that the gateway keeps, with the headers that keep a browser from running it. */
  async function sendFile(path: string, response: ServerResponse): Promise<number | void> {
    const authorization = `Bearer ${options.apiKey}`;
    const answer = await fetch(`${options.gatewayUrl}/v1/handovers/${path}`, { headers: { authorization } });
    if (!answer.ok) return answer.status;
    for (const name of ['content-type', 'content-disposition', 'content-security-policy', 'x-content-type-options'])
      response.setHeader(name, answer.headers.get(name) ?? '');
    // What breaks off is not to be taken for the whole.
    await pipeline(answer.body!, response).catch(() => response.destroy());
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
