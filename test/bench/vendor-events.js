import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { markedText } from './sink.js';
import { postRequest } from './wire.js';

const WEBHOOK = '/handover/eightByEight';
const CUSTOMER = 'bench-customer';
export const TENANT = 'bench-tenant';
/** About one in a hundred; no multiple of the connections, so that all of them get some. */
const REDELIVER_EVERY = 101;
/** As many signatures at a time as Node has threads for them. */
const WORKERS = 4;

const signInThread = promisify(sign);

/** Signs events as 8x8 does: RS256, detached, over a JSON text of the headers and the body's CRC-32. */
export class VendorEvents {
  #privateKey;
  #protectedPart;
  /** No index is given twice in a run, so that each database takes each event once. */
  #nextIndex = 1;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const kid = randomUUID();
    this.#privateKey = privateKey;
    this.#protectedPart = base64url(JSON.stringify({ alg: 'RS256', b64: false, crit: ['b64'], kid }));
    this.jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
  }

  /**
   * An agent's messages, taking turns through the conversations, each as the bytes of a request. Their index rises within a
   * conversation. Signing takes longer than sending, so it is done before the clock runs.
   * @param withRedeliveries 8x8 repeats one event in a hundred, with a signature of its own
   */
  async messages(conversations, count, { withRedeliveries = false } = {}) {
    const first = this.takeIndexes(count);
    return this.#inThreads(count, async (at) => {
      const index = first + at;
      const conversation = at % conversations.length;
      const data = { isEcho: false, sender: { id: 'agent-1', type: 'agent' }, text: markedText(index, conversation) };
      const body = bodyOf('MESSAGE', conversations[conversation], data);
      const eventId = `message-${index}`;
      const request = await this.#request(body, eventId, 0);
      const isRepeated = withRedeliveries && index % REDELIVER_EVERY === 0;
      return { index, conversation, request, repeat: isRepeated ? await this.#request(body, eventId, 1) : null };
    });
  }

  /** The first of so many indexes that nobody else gets. */
  takeIndexes(count) {
    const first = this.#nextIndex;
    this.#nextIndex += count;
    return first;
  }

  /** What 8x8 says when a conversation waits in a queue and an agent takes it: per conversation the requests in their order. */
  async takenByAgent(conversations) {
    return this.#inThreads(conversations.length, async (at) => {
      const id = conversations[at];
      const queued = bodyOf('QUEUED', id, { queueId: '1', queueName: 'Support' });
      const joined = bodyOf('MEMBERS_CHANGED', id, { memberType: 'agent', change: 'joined', id: 'agent-1' });
      return [await this.#request(queued, `queued-${id}`, 0), await this.#request(joined, `joined-${id}`, 0)];
    });
  }

  async #request(body, eventId, retry) {
    const time = Date.now();
    const payload = { checksum: crc32(body), cid: CUSTOMER, eid: eventId, retry, tid: TENANT, tt: time };
    const input = Buffer.from(`${this.#protectedPart}.${JSON.stringify(payload)}`);
    const signature = await signInThread('RSA-SHA256', input, this.#privateKey);
    const headers = {
      'x-8x8-signature': `${this.#protectedPart}..${signature.toString('base64url')}`,
      'x-8x8-customer-id': CUSTOMER,
      'x-8x8-tenant-id': TENANT,
      'x-8x8-event-id': eventId,
      'x-8x8-retry': retry,
      'x-8x8-transmission-time': time,
    };
    return postRequest(WEBHOOK, headers, body);
  }

  async #inThreads(count, make) {
    const made = new Array(count);
    let next = 0;
    const worker = async () => {
      for (let at = next++; at < count; at = next++) made[at] = await make(at);
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    return made;
  }
}

function bodyOf(eventType, conversationId, data) {
  return JSON.stringify({ eventType, conversationId, timestamp: Date.now(), data });
}

function base64url(text) {
  return Buffer.from(text).toString('base64url');
}
