import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Databases } from './database.js';
import { Sink } from './sink.js';
import { VendorEvents } from './vendor-events.js';

/** What every measurement needs: a PostgreSQL, somewhere to send to, 8x8's events. Nothing of it is left when it is closed. */
export class Workbench {
  /** What voids the figures of this run, in words. */
  faults = [];
  /** The most cores that other programs kept busy during a measurement. */
  mostElse = 0;
  #closers = [];
  #closed = null;

  static async open() {
    const bench = new Workbench();
    bench.folder = mkdtempSync(join(tmpdir(), 'handover-bench-'));
    // Under root the database runs as somebody else, who has to get in.
    chmodSync(bench.folder, 0o755);
    bench.onClose(async () => rmSync(bench.folder, { recursive: true, force: true }));
    try {
      bench.databases = await Databases.open(bench.folder);
      bench.onClose(() => bench.databases.close());
      bench.vendor = new VendorEvents();
      bench.sink = await Sink.start(bench.vendor.jwk);
      bench.onClose(async () => bench.sink.stop());
    } catch (error) {
      await bench.close();
      throw error;
    }
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.once(signal, () => void bench.close().then(() => process.exit(130)));
    return bench;
  }

  /** Says at once and keeps what must not happen. */
  blame(where, faults) {
    // What is cut off is no fault.
    if (this.#closed) return;
    for (const fault of faults) {
      process.stderr.write(`\n!!! ${where}: ${fault}\n\n`);
      this.faults.push(`${where}: ${fault}`);
    }
  }

  /** What is started later is stopped earlier. */
  onClose(closer) {
    if (this.#closed) void this.#call(closer);
    else this.#closers.unshift(closer);
  }

  close() {
    return (this.#closed ??= this.#closeAll());
  }

  async #closeAll() {
    for (const closer of this.#closers) await this.#call(closer);
  }

  #call(closer) {
    return closer().catch((error) => process.stderr.write(`${error.message}\n`));
  }
}
