import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of files between two collections. More of them cost time, fewer memory. */
const EVERY_BYTES = 2 * 1_048_576;

type Collect = (options: { type: 'minor' }) => void;

setFlagsFromString('--expose-gc');
// None on a runtime that does not know the flag: it then has more memory, which is no reason not to start.
const collect = runInNewContext('globalThis.gc') as Collect | undefined;
// What is given to contexts made later: nothing else in the process gets to see it.
setFlagsFromString('--no-expose-gc');

let since = 0;

/**
 * To be told of the bytes of files that have passed, once their memory is done with. They pass in buffers outside V8's heap, of which
 * V8 lets more than 32 MiB come together before it frees any; so the young ones are freed here now and then, which takes a
 * millisecond. What it saves is measured in docs/operate/performance.md.
 */
export function collectAfter(bytes: number): void {
  since += bytes;
  if (since < EVERY_BYTES) return;
  since = 0;
  collect?.({ type: 'minor' });
}
