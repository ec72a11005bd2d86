import type { DataSource } from 'typeorm';

/** Where the server's log of all changes is: on which timeline, and up to where it is on the disk, in bytes. */
interface Position {
  timeline: string;
  bytes: number;
}

const POSITION = `SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,
  pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')::float8 AS bytes`;

/** How often it is asked without a new connection, in milliseconds. */
const LOOK_MS = 2_000;

interface Client {
  query(sql: string): Promise<{ rows: Position[] }>;
}

interface Pool extends Client {
  options: { verify?: (client: Client, done: (error?: Error) => void) => void };
}

/**
 * Notices on every new connection when the database is not the one it was: a standby took over, or an older copy was put in its place.
 * What was committed last may be missing then, and what is remembered of it is wrong. A server that does not tell its position is
 * believed: some managed ones do not.
 */
export class DatabaseHistory {
  private last: Position | null = null;
  private changes = 0;
  private timer: NodeJS.Timeout | undefined;

  private constructor(private readonly undone: () => void) {}

  /** @param undone called before a new connection is used for anything else */
  static async watch(source: DataSource, undone: () => void): Promise<DatabaseHistory> {
    const { master } = source.driver as unknown as { master: Pool };
    const history = new DatabaseHistory(undone);
    const before = master.options.verify ?? ((_client, done) => done());
    master.options.verify = (client, done) =>
      before(client, (error) => (error ? done(error) : void history.look(client).finally(() => done())));
    await history.look(master);
    // Behind a pooler a connection may lead to another server without being new.
    history.timer = setInterval(() => void history.look(master), LOOK_MS);
    history.timer.unref();
    return history;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(client: Client): Promise<void> {
    const { last, changes } = this;
    const now = await client.query(POSITION).then(
      ({ rows }) => rows[0],
      () => undefined,
    );
    // Of several that ask at the same time, the first one tells.
    if (!now || changes !== this.changes) return;
    if (last && isUndone(last, now)) {
      this.changes += 1;
      this.last = now;
      this.undone();
    } else if (!this.last || now.bytes > this.last.bytes) this.last = now;
  }
}

/** A server is never further back than it has been, and never on another timeline. */
function isUndone(before: Position, now: Position): boolean {
  return now.timeline !== before.timeline || now.bytes < before.bytes;
}
