import { request } from 'node:http';
import { connect } from 'node:net';
import { clearInterval, setInterval, setTimeout } from 'node:timers';

/**
 * A process of its own, so that its work is not counted as the gateway's: strangers without a key, and the streams of bot A.
 * Ends on SIGTERM. Arguments: port, A's key, a handover of A's, idle sockets, wrong keys a second, streams.
 */
const [port, key, handover, sockets, wrongKeys, streams] = process.argv.slice(2);
const PATHS = ['/anything', '/v1/handovers', '/handover/eightByEight', '/v1/handovers/ho_1/attachments'];
const REOPEN_MS = 100;
const STEP_MS = 20;

const answered = {};
const count = (what) => (answered[what] = (answered[what] ?? 0) + 1);

for (let n = 0; n < Number(sockets); n++) idle(PATHS[n % PATHS.length]);
for (let n = 0; n < Number(streams); n++) stream();
const guessing = guess(Number(wrongKeys));
process.on('SIGTERM', () => {
  clearInterval(guessing);
  process.stdout.write(`${JSON.stringify(answered)}\n`, () => process.exit(0));
});
process.stdout.write('at work\n');

/** A request whose body never comes, made again whenever the gateway has had enough of it. */
function idle(path) {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('connect', () =>
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: 1048576\r\n\r\n{`,
    ),
  );
  socket.on('data', (bytes) => count(`idle ${bytes.latin1Slice(9, 12)}`));
  socket.on('error', () => undefined);
  socket.on('close', () => setTimeout(() => idle(path), REOPEN_MS));
}

function stream() {
  const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' };
  const asked = request({ port, path: `/v1/handovers/${handover}/events`, headers }, (answer) => {
    count(`stream ${answer.statusCode}`);
    answer.resume();
  });
  asked.on('error', () => undefined);
  asked.end();
}

function guess(perSecond) {
  const socket = connect(Number(port), '127.0.0.1');
  let isOpen = true;
  socket.on('data', () => undefined);
  socket.on('error', () => undefined);
  socket.on('close', () => (isOpen = false));
  let owed = 0;
  let current = socket;
  return setInterval(() => {
    for (owed += (perSecond * STEP_MS) / 1_000; owed >= 1; owed--) {
      if (!isOpen) {
        isOpen = true;
        current = connect(Number(port), '127.0.0.1');
        current.on('data', (bytes) => count(`guess ${bytes.latin1Slice(9, 12)}`));
        current.on('error', () => undefined);
        current.on('close', () => (isOpen = false));
      }
      count('guesses');
      current.write(
        `GET /v1/handovers HTTP/1.1\r\nhost: g\r\nauthorization: Bearer wrong-${owed}-${Math.random()}\r\n\r\n`,
      );
    }
  }, STEP_MS);
}
