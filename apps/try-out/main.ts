import { runTryOut } from './try-out.js';

/** npm passes the terminal's Ctrl-C on, so one key press may arrive as two signals. */
const ONE_KEY_PRESS_MS = 1_000;

const stop = new AbortController();
const force = new AbortController();
let askedAt = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (Date.now() - askedAt < ONE_KEY_PRESS_MS) return;
    askedAt = Date.now();
    if (force.signal.aborted) process.exit(1);
    if (stop.signal.aborted) force.abort();
    else stop.abort();
  });
}

// npm and its shell may be gone without having passed the signal on.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) stop.abort();
}, 500).unref();

const code = await runTryOut({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  say: (line) => process.stdout.write(`${line}\n`),
  warn: (line) => process.stderr.write(`${line}\n`),
  stop: stop.signal,
  force: force.signal,
});
// Whatever may still be open in the simulator or the bot has nothing more to do.
process.exit(code);
