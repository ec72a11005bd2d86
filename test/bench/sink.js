import { createServer } from 'node:net';
import { answer, HttpReader } from './wire.js';

const OK = answer('200 OK');
const ACCEPTED = answer('202 Accepted');
const NOT_FOUND = answer('404 Not Found');
const MARKER = /bench:(\d+):(\d+)/;

/** The text of a message that the sink recognises wherever in a body it is, so that no target's JSON matters. */
export function markedText(index, conversation) {
  return `Your parcel is on its way. bench:${index}:${conversation}`;
}

/** Both places that a target sends to: the bot's callback and the 8x8 Chat Gateway API, on one raw server. */
export class Sink {
  /** Called with index and conversation of every marked message that is taken. */
  onMessage = () => undefined;
  /** While true, marked messages are neither taken nor answered; they wait in `held`. */
  isHolding = false;
  /** What waits for its answer. What a target no longer waits for is not in it. */
  held = new Set();
  created = 0;
  activated = 0;
  completed = 0;
  #jwk;
  #server = createServer((socket) => this.#serve(socket));
  #sockets = new Set();

  /** @param jwk the public key with which 8x8's events are verified */
  static async start(jwk) {
    const sink = new Sink();
    sink.#jwk = jwk;
    await new Promise((resolve) => sink.#server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Answers everything that was held back, and holds nothing from now on. */
  release() {
    this.isHolding = false;
    for (const item of this.held) this.#take(item);
    this.held.clear();
  }

  stop() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket) {
    this.#sockets.add(socket.setNoDelay(true));
    const reader = new HttpReader((head, body) => this.#receive(socket, head.split(' ', 2), body.latin1Slice()));
    socket.on('data', (chunk) => reader.read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      for (const item of this.held) if (item.socket === socket) this.held.delete(item);
    });
  }

  #receive(socket, [method, path], body) {
    const isVendor = path.startsWith('/chat-gateway/');
    const marker = MARKER.exec(body);
    // The history that a new conversation brings along is no message.
    const isStart = method === 'POST' && path === '/chat-gateway/v1/conversations';
    if (marker && !isStart) {
      const item = { socket, index: Number(marker[1]), conversation: Number(marker[2]), isVendor };
      if (this.isHolding) this.held.add(item);
      else this.#take(item);
      return;
    }
    socket.write(isStart ? this.#create(body) : isVendor ? this.#look(path) : this.#hear(body));
  }

  #take({ socket, index, conversation, isVendor }) {
    this.onMessage(index, conversation);
    socket.write(isVendor ? ACCEPTED : OK);
  }

  /** A conversation gets the user's id for its own, so that the load knows it beforehand. */
  #create(body) {
    this.created += 1;
    return answer('201 Created', { conversationId: /"userId":"([^"]+)"/.exec(body)[1] });
  }

  #look(path) {
    const kid = /^\/chat-gateway\/v1\/jwk\/([^/]+)\/public$/.exec(path)?.[1];
    if (kid === undefined) return OK;
    return kid === this.#jwk.kid ? answer('200 OK', this.#jwk) : NOT_FOUND;
  }

  #hear(body) {
    if (body.includes('"handover.active"')) this.activated += 1;
    if (body.includes('"handover.completed"')) this.completed += 1;
    return OK;
  }
}
