import { connect } from 'node:net';

const HEAD_END = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

/** Cuts a stream of bytes into HTTP/1.1 messages. Just enough of HTTP for both ends of this benchmark, and next to no CPU. */
export class HttpReader {
  #unread = NOTHING;
  #onMessage;

  /** @param onMessage is called with the head as text and the body as bytes */
  constructor(onMessage) {
    this.#onMessage = onMessage;
  }

  read(chunk) {
    let bytes = this.#unread.length > 0 ? Buffer.concat([this.#unread, chunk]) : chunk;
    for (let message; (message = cutMessage(bytes));) {
      bytes = bytes.subarray(message.end);
      this.#onMessage(message.head, message.body);
    }
    this.#unread = bytes;
  }
}

/** The first message of the bytes and where it ends; null while it is incomplete. */
function cutMessage(bytes) {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const head = bytes.latin1Slice(0, headEnd);
  const start = headEnd + HEAD_END.length;
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return cutChunks(bytes, head, start);
  const end = start + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return end > bytes.length ? null : { head, body: bytes.subarray(start, end), end };
}

function cutChunks(bytes, head, start) {
  const chunks = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (end > bytes.length) return null;
    if (size === 0) return { head, body: Buffer.concat(chunks), end };
    chunks.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}

/** The bytes of a POST. They name no port, so that one signed event can be sent to every target. */
export function postRequest(path, headers, body) {
  const content = Buffer.from(body);
  const lines = Object.entries({
    host: 'localhost',
    'content-type': 'application/json',
    'content-length': content.length,
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), content]);
}

/** The bytes of an answer with a JSON body. */
export function answer(status, body = {}) {
  const content = JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(content)}\r\n\r\n${content}`;
}

/** One kept-alive connection to a target, with one request under way at a time. */
export class Connection {
  #port;
  #socket = null;
  #answered = null;

  constructor(port) {
    this.#port = port;
  }

  /** Sends a request and resolves with the status of its answer, 0 when the connection broke or never stood. */
  async send(request) {
    this.#socket ??= this.#connect();
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(request);
    });
  }

  close() {
    this.#socket?.destroy();
  }

  #connect() {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay(true);
    const reader = new HttpReader((head) => this.#settle(Number(head.slice(9, 12))));
    socket.on('data', (chunk) => reader.read(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#settle(0);
    });
    return socket;
  }

  #settle(status) {
    const answered = this.#answered;
    this.#answered = null;
    answered?.(status);
  }
}
