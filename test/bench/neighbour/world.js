import { clearTimeout, setTimeout } from 'node:timers';
import { URLSearchParams } from 'node:url';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer } from 'node:http';

const API = '/chat-gateway/v1';
const HANG_MS = 9_500;
const SLOW_MS = 1_000;

/**
 * The contact centre and the callbacks of both bots, in this process. While `isTroubled`, everything that bot A causes goes wrong:
 * its poisoned messages are answered 500, its files never, its large messages late, and its callback takes 9.5 s for each event.
 */
export class Surroundings {
  isTroubled = false;
  /** What a callback or the contact centre took for good, as `key` → times. Keys are made by the traffic. */
  taken = new Map();
  /** Events per callback, as `bot handover` → sequences in the order in which they were acknowledged. */
  events = new Map();
  #waiting = new Map();
  #heard = new Set();
  #jwk;
  #conversations = new Map();
  #server;
  #hung = new Set();

  static async start(jwk) {
    const around = new Surroundings();
    around.#jwk = jwk;
    around.#server = createServer((request, response) => void around.#serve(request, response));
    around.#server.listen(0, '127.0.0.1');
    await once(around.#server, 'listening');
    return around;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  get hung() {
    return this.#hung.size;
  }

  /** Resolves once `key` was taken; null when that takes longer than `ms`. */
  until(key, ms) {
    if (this.taken.has(key)) return Promise.resolve(performance.now());
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), ms);
      this.#waiting.set(key, () => (clearTimeout(timer), resolve(performance.now())));
    });
  }

  /** Everything works from now on; what hangs is answered. */
  endTrouble() {
    this.isTroubled = false;
    for (const answer of this.#hung) answer();
    this.#hung.clear();
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    if (request.url.startsWith(API)) return this.#vendor(request, body.latin1Slice(), response);
    if (request.url === '/callback/a') await this.#hang(HANG_MS, response);
    if (!response.destroyed) this.#hear(request, body, response);
  }

  /** Delivery is at least once: what comes again under its id, since an answer was late, is acknowledged and not taken again. */
  #hear({ url, headers }, body, response) {
    response.writeHead(204).end();
    if (this.#heard.has(headers['webhook-id'])) return;
    this.#heard.add(headers['webhook-id']);
    const bot = url.slice('/callback/'.length);
    const { type, data } = JSON.parse(body.toString());
    const key = `${bot} ${data.handoverId}`;
    this.events.set(key, [...(this.events.get(key) ?? []), data.sequence]);
    if (type === 'message.created') this.#take(`event ${data.message.text}`);
  }

  async #vendor({ method, url }, body, response) {
    const path = url.slice(API.length).split('?')[0];
    const answer = (status, value) =>
      response.writeHead(status, { 'content-type': 'application/hal+json' }).end(value && JSON.stringify(value));
    const [, kid] = /^\/jwk\/([^/]+)\/public$/.exec(path) ?? [];
    if (kid) return kid === this.#jwk.kid ? answer(200, this.#jwk) : answer(404, { status: 404 });
    if (path === '/conversations') return method === 'POST' ? this.#create(body, answer) : answer(200, emptyPage());
    const [, id, rest = ''] = /^\/conversations\/([^/]+)(\/.*)?$/.exec(path) ?? [];
    const said = this.#conversations.get(decodeURIComponent(id ?? ''));
    if (!said) return answer(404, { status: 404, title: 'Not Found', detail: `There is no ${url}` });
    if (rest === '/attachments') return this.#upload(response, answer);
    if (rest === '/messages' && method === 'POST') return this.#say(said, body, response, answer);
    if (rest === '/messages') return answer(200, pageOf('messages', said.toReversed(), url));
    if (rest === '/participants/user') return answer(204);
    if (rest === '/participants') return answer(200, pageOf('participants', [{ id: 'agent-1', type: 'agent' }], url));
    if (rest === '' && method === 'GET') return answer(200, { id, state: 'active', channelId: 'channel' });
    return answer(202, {});
  }

  #create(body, answer) {
    const id = JSON.parse(body).user.userId;
    this.#conversations.set(id, []);
    answer(202, { conversationId: id, createdAt: Date.now() });
    this.#take(`conversation ${id}`);
  }

  async #upload(response, answer) {
    await this.#hang(Infinity, response);
    if (!response.destroyed) answer(200, { id: `file-${Math.random()}`, filename: 'f', sizeInBytes: 1 });
  }

  async #say(said, body, response, answer) {
    const { authorType, text, attachments } = JSON.parse(body);
    if (this.isTroubled && text.startsWith('poison'))
      return answer(500, { status: 500, title: 'Internal Server Error', detail: 'This message breaks it.' });
    if (text.startsWith('large')) await this.#hang(SLOW_MS, response);
    if (response.destroyed) return;
    said.push({ id: `m-${said.length}`, text, createdAt: Date.now(), author: { type: authorType }, attachments });
    answer(202);
    this.#take(`message ${text}`);
  }

  /** While there is trouble: waits so long, or until it ends, or until the other side gives up. */
  #hang(ms, response) {
    if (!this.isTroubled) return null;
    return new Promise((resolve) => {
      const done = () => (this.#hung.delete(done), clearTimeout(timer), resolve());
      const timer = ms === Infinity ? undefined : setTimeout(done, ms);
      this.#hung.add(done);
      response.on('close', done);
    });
  }

  #take(key) {
    this.taken.set(key, (this.taken.get(key) ?? 0) + 1);
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }
}

function emptyPage() {
  return { page: { size: 0, totalElements: 0, totalPages: 0, number: 0 } };
}

function pageOf(name, all, url) {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  const size = Number(query.get('size') ?? 100);
  const number = Number(query.get('page') ?? 0);
  const items = all.slice(number * size, (number + 1) * size);
  const page = { size, totalElements: all.length, totalPages: Math.ceil(all.length / size), number };
  return { _embedded: { [name]: items }, page };
}
