import type { Socket } from 'node:net';
import { problem, problemHeaders } from './problem.js';

const MALFORMED = { status: 400, detail: 'The request is not HTTP/1.1 as the gateway reads it.' };

/** What Node's HTTP parser refuses, in words that help. */
const REFUSED: Record<string, { status: number; detail: string }> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    detail:
      'The request did not come in time: ten seconds for its headers, two minutes for all of it. Send it again, over a faster connection or in smaller parts.',
  },
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The headers are larger than 16 KiB.' },
};

/** Answers a request that never became one, as far as somebody still listens, and ends its connection. */
export function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (socket.writable && error.code !== 'ECONNRESET') {
    const { status, detail } = REFUSED[error.code ?? ''] ?? MALFORMED;
    const answer = problem(status, detail);
    const body = JSON.stringify(answer);
    const headers = { ...problemHeaders(answer), 'content-length': Buffer.byteLength(body), connection: 'close' };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    socket.write([`HTTP/1.1 ${status} ${answer.title}`, ...lines, '', body].join('\r\n'));
  }
  socket.destroy(error);
}
