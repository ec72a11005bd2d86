import { Blob } from 'node:buffer';
import { setTimeout as pause } from 'node:timers/promises';

const AT_ONCE = 4;
const TRIES = 400;
const LARGE = 1_000_000;
/** Longer than Retry-After, so that what is refused for now comes again. */
const AGAIN_MS = 500;

/** What bot A does to the gateway, and what of it was accepted and so must arrive. */
export class Trouble {
  /** Keys of what the contact centre or the callback must take. */
  accepted = [];
  /** Answers that were neither accepted nor refused for now. */
  wrong = [];
  refused = 0;
  #gateway;
  #sizes;
  #around;
  #vendor;

  constructor(gateway, around, vendor, sizes) {
    this.#gateway = gateway;
    this.#around = around;
    this.#vendor = vendor;
    this.#sizes = sizes;
  }

  /** Conversations that work, with an agent in, so that trouble needs nothing but messages. */
  async prepare() {
    const { poisoned, uploads, large, events } = this.#sizes;
    const names = {
      poisoned: Array.from({ length: poisoned }, (_, n) => `a-poisoned-${n}`),
      uploads: Array.from({ length: uploads }, (_, n) => `a-upload-${n}`),
      large: Array.from({ length: Math.min(80, large) }, (_, n) => `a-large-${n}`),
      talks: Array.from({ length: Math.min(50, events) }, (_, n) => `a-talk-${n}`),
    };
    this.names = names;
    this.ids = new Map();
    const all = Object.values(names).flat();
    await inTurns(all, async (name) => this.ids.set(name, (await this.#gateway.start('a', name)).id));
    for (const name of all) await this.#around.until(`conversation ${name}`, 30_000);
    const taken = await this.#vendor.takenByAgent(names.talks);
    await inTurns(taken.flat(), (bytes) => this.#gateway.webhook(bytes));
    this.said = await this.#vendor.messages(names.talks, events);
  }

  /** Resolves once everything is accepted. */
  async cause() {
    const { poisoned, uploads, large } = this.names;
    await Promise.all([
      inTurns(poisoned, (name) => this.#say(name, { text: `poison ${name}` })),
      inTurns(uploads, (name) => this.#sendFile(name)),
      this.#webhooks(),
      inTurns(
        Array.from({ length: this.#sizes.large }, (_, n) => n),
        (n) => this.#say(large[n % large.length], { text: `large ${n}`, cards: [largeCard()] }),
      ),
    ]);
  }

  async #say(name, message) {
    const path = `/v1/handovers/${this.ids.get(name)}/messages`;
    if (await this.#insist(() => this.#gateway.call('a', path, message, `key-${message.text.replaceAll(' ', '-')}`)))
      this.accepted.push(`message ${message.text}`);
  }

  async #sendFile(name) {
    const path = `/v1/handovers/${this.ids.get(name)}`;
    const form = new FormData();
    form.append('file', new Blob(['some bytes']), 'file.txt');
    const uploaded = await this.#insist(() => this.#gateway.upload('a', `${path}/attachments`, form));
    if (uploaded) await this.#say(name, { text: `file of ${name}`, attachments: [{ id: uploaded.id }] });
  }

  async #webhooks() {
    for (const { request, index, conversation } of this.said) {
      if (await this.#insist(() => this.#gateway.webhook(request)))
        this.accepted.push(`event Your parcel is on its way. bench:${index}:${conversation}`);
    }
  }

  /** Repeats what is refused for now, as a well-behaved client does. */
  async #insist(call) {
    for (let tries = 0; tries < TRIES; tries++) {
      const { status, body } = await call();
      if (status >= 200 && status < 300) return body ?? true;
      if (status !== 429 && status !== 503) {
        this.wrong.push(`${status} ${JSON.stringify(body)}`);
        return null;
      }
      this.refused += 1;
      await pause(AGAIN_MS);
    }
    this.wrong.push('refused for good');
    return null;
  }
}

/** A card whose type the contact centre does not describe, so that it goes as it is. */
function largeCard() {
  return { contentType: 'Location', content: { name: 'x'.repeat(LARGE) } };
}

export async function inTurns(items, work, atOnce = AT_ONCE) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) await work(items[next++]);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
