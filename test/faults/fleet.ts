import { GatewayProcess } from '../support/gateway-process.js';
import { Wire, type Target } from './wire.js';

/** How long the balancer leaves out a replica that did not answer in time, in milliseconds. */
const LEFT_OUT_MS = 3_000;
const LOG_LINES = 2_000;

/** One gateway process, which keeps its port over restarts. */
export class Replica {
  state: 'up' | 'paused' | 'down' = 'down';
  /** The last lines that it logged, over all its lives. */
  readonly log: string[] = [];
  url = 'http://127.0.0.1:0';
  leftOutUntil = 0;
  private process: GatewayProcess | null = null;

  constructor(
    readonly name: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly folder: string,
    private root: string,
  ) {}

  /**
   * Resolves once it listens.
   * @param root the folder of another build than before
   */
  async start(root = this.root): Promise<void> {
    this.root = root;
    const env = { ...this.env, PORT: new URL(this.url).port || '0' };
    this.process = await GatewayProcess.start(env, this.folder, (line) => this.keep(line), this.root);
    this.url = this.process.url;
    this.state = 'up';
  }

  /** At once, also when it is paused. */
  async kill(): Promise<void> {
    this.state = 'down';
    await this.process?.stop('SIGKILL');
  }

  /** As an update does: it finishes what it has in hand. Resolves to its exit code. */
  async retire(): Promise<number | null | undefined> {
    this.state = 'down';
    return this.process?.stop('SIGTERM');
  }

  pause(): void {
    this.process!.signal('SIGSTOP');
    this.state = 'paused';
  }

  resume(): void {
    this.process!.signal('SIGCONT');
    this.state = 'up';
  }

  private keep(line: string): void {
    this.log.push(line);
    if (this.log.length > LOG_LINES) this.log.splice(0, LOG_LINES / 2);
  }
}

/** Gateway replicas behind a balancer that, like a real one, learns from refused and unanswered calls who is there. */
export class Fleet {
  private turn = 0;

  private constructor(
    readonly replicas: Replica[],
    /** The balancer: what bots and 8x8 call. */
    readonly front: Wire,
  ) {}

  /** Makes the replicas; each is to be started. */
  static async create(count: number, env: NodeJS.ProcessEnv, folder: string, root: string): Promise<Fleet> {
    const replicas = Array.from({ length: count }, (_, index) => new Replica(`r${index + 1}`, env, folder, root));
    const fleet: Fleet = new Fleet(replicas, await Wire.start(() => fleet.inTurn()));
    fleet.front.stuck = ({ name }) => {
      replicas.find((replica) => replica.name === name)!.leftOutUntil = Date.now() + LEFT_OUT_MS;
    };
    return fleet;
  }

  async stop(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.kill()));
    await this.front.stop();
  }

  private inTurn(): Target[] {
    const known = this.replicas.filter(({ url }) => new URL(url).port !== '0');
    const wanted = known.filter(({ leftOutUntil }) => leftOutUntil <= Date.now());
    const list = wanted.length > 0 ? wanted : known;
    this.turn += 1;
    return list.map((_, index) => list[(index + this.turn) % list.length]!);
  }
}
