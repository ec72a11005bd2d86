import { BlockList, isIP, type Socket } from 'node:net';
import { Agent, buildConnector, Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';

/** An answer before the answer that is longer than this is none. Bytes. */
const MAX_INTERIM = 65_536;
const INTERIM = /^HTTP\/1\.[01] 1(?!01)\d\d/;
const STATUS_LENGTH = 'HTTP/1.1 100'.length;

/**
 * The way out for all that the gateway calls, vendors and bots alike: through the proxy that `HTTP_PROXY` and `HTTPS_PROXY` name, in small letters
 * or capitals, but not to what `NO_PROXY` names: hosts with what is below them, `*`, and networks such as `10.0.0.0/8` for addresses
 * that are written as numbers. The environment is read once, here. Informational answers (1xx) are read over, also where none was asked for.
 */
export function outbound(options: Agent.Options): Dispatcher {
  const all: Agent.Options = { ...options, factory: poolOf };
  const proxied = new EnvHttpProxyAgent(all);
  const networks = networksOf(process.env.no_proxy ?? process.env.NO_PROXY ?? '');
  return networks === null ? proxied : new Outbound(proxied, new Agent(all), networks);
}

/** What goes to certain networks goes there directly. */
class Outbound extends Dispatcher {
  constructor(
    private readonly proxied: Dispatcher,
    private readonly direct: Dispatcher,
    private readonly networks: BlockList,
  ) {
    super();
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const address = new URL(String(options.origin)).hostname.replace(/^\[|\]$/g, '');
    const family = isIP(address);
    const isNear = family !== 0 && this.networks.check(address, family === 6 ? 'ipv6' : 'ipv4');
    return (isNear ? this.direct : this.proxied).dispatch(options, handler);
  }

  override async destroy(): Promise<void> {
    await Promise.all([this.proxied.destroy(), this.direct.destroy()]);
  }
}

function networksOf(list: string): BlockList | null {
  const networks = new BlockList();
  for (const entry of list.split(/[,\s]+/)) {
    const [, address = '', bits = ''] = /^\[?([^\]/]+)\]?\/(\d{1,3})$/.exec(entry) ?? [];
    const family = isIP(address);
    if (family !== 0 && Number(bits) <= (family === 6 ? 128 : 32))
      networks.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  }
  return networks.rules.length > 0 ? networks : null;
}

function poolOf(origin: string | URL, { connect, ...options }: Agent.Options & Pool.Options): Dispatcher {
  const connector = typeof connect === 'function' ? connect : buildConnector({ ...connect });
  return new Pool(origin, {
    ...options,
    connect: (to, callback) =>
      connector(to, (...[error, socket]) => {
        if (error) return callback(error, null);
        skipInterim(socket);
        callback(null, socket);
      }),
  });
}

/**
 * Takes informational answers out of what a connection gives. RFC 9110, 15.2: a client reads over them, also where it asked for none; undici
 * ends the connection at `100 Continue`, so that the outcome of the call would be unknown, each time anew.
 */
function skipInterim(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...given: unknown[]) => boolean;
  // Only the beginning of an answer is looked at: what stands in a body is nobody's business.
  let isBeginning = true;
  let held: Buffer = Buffer.alloc(0);
  socket.write = (...given: unknown[]) => {
    isBeginning = true;
    return write(...given);
  };
  socket.read = (size?: number): Buffer | null => {
    for (;;) {
      const chunk = read(size) as Buffer | null;
      if (!isBeginning || chunk === null) return chunk;
      const seen = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const left = afterInterim(seen);
      if (left === null && seen.length <= MAX_INTERIM) {
        held = seen;
        continue;
      }
      held = Buffer.alloc(0);
      if (left?.length === 0) continue;
      isBeginning = false;
      return left ?? seen;
    }
  };
}

/** What comes after the informational answers; null while that cannot be told yet. */
function afterInterim(bytes: Buffer): Buffer | null {
  let left = bytes;
  for (;;) {
    const status = left.toString('latin1', 0, STATUS_LENGTH);
    if (status === '') return left;
    if (status.length < STATUS_LENGTH && /^HTTP\/1\.[01] 1?\d*$/.test(status)) return null;
    if (!INTERIM.test(status)) return left;
    const end = left.indexOf('\r\n\r\n');
    if (end < 0) return null;
    left = left.subarray(end + 4);
  }
}
