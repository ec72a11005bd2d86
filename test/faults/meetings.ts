import type { Exchange, Wire, WireFault } from './wire.js';

/** A new conversation on its way to 8x8. */
export function isCreate({ method, path }: Exchange): boolean {
  return method === 'POST' && path.endsWith('/conversations');
}

/** A message on its way to 8x8. */
export function isSend({ method, path }: Exchange): boolean {
  return method === 'POST' && path.endsWith('/messages');
}

/** Spoils the first call of a kind and its next ones not. */
export function firstOf(
  matches: (exchange: Exchange) => boolean,
  fault: WireFault,
): (exchange: Exchange) => WireFault | null {
  let met = false;
  return (exchange) => {
    if (met || !matches(exchange)) return null;
    met = true;
    return fault;
  };
}

/** Spoils the tenth call of a kind, the twentieth, and so on. */
export function everyTenth(
  matches: (exchange: Exchange) => boolean,
  fault: WireFault,
): (exchange: Exchange) => WireFault | null {
  let count = 0;
  return (exchange) => (matches(exchange) && ++count % 10 === 0 ? fault : null);
}

export function either(
  ...deciders: ((exchange: Exchange) => WireFault | null)[]
): (exchange: Exchange) => WireFault | null {
  return (exchange) => {
    for (const decide of deciders) {
      const fault = decide(exchange);
      if (fault) return fault;
    }
    return null;
  };
}

/** An agent's message on its way to the bot. */
export function isTold({ body }: Exchange): boolean {
  return body.includes('message.created');
}

/** A fault that holds an answer back until `release` is called. */
export function untilReleased(): { held: Extract<WireFault, { kind: 'held' }>; release(): void } {
  let release = (): void => undefined;
  const until = new Promise<void>((resolve) => (release = resolve));
  return { held: { kind: 'held', until }, release: () => release() };
}

/** Whether a call that met this fault took effect, and its caller still waits for the answer. */
export function isUnderWay({ exchanges }: Wire, met: WireFault): boolean {
  return exchanges.some(({ fault, effect, doneAt }) => fault === met && effect !== null && doneAt === null);
}
