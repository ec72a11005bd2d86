import type { IncomingMessage } from 'node:http';
import { Refusal } from '#core';
import type { Admitted } from './admission.js';
import { BODY_WITHIN_MS, MAX_BODY_BYTES, type HttpBudgets } from './limits.js';
import type { WaitingRoom } from './waiting-room.js';

/**
 * Reads a body as it arrives, at most 1 MiB within 15 s. A caller with a key holds what has arrived of its own share. One without waits
 * among the strangers, and what a webhook brought is its provider's once all of it is here.
 * @throws {Refusal} `too_large`, `too_slow`, `over_budget`, `unavailable`
 */
export async function arrivingBody(
  payload: IncomingMessage,
  { principal, isWebhook, address, holding }: Admitted,
  { budgets, unproven }: { budgets: HttpBudgets; unproven: WaitingRoom },
  withinMs = BODY_WITHIN_MS,
): Promise<Buffer> {
  if (Number(payload.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  if (principal !== null) return collect(payload, withinMs, (size) => holding.take(budgets.bodies, size));
  let crowdOut: (error: Error) => void = () => undefined;
  const place = unproven.enter(address, () => crowdOut(crowdedOut()));
  try {
    const body = await collect(
      payload,
      withinMs,
      (size) => unproven.grow(place, size),
      (refuse) => (crowdOut = refuse),
    );
    if (isWebhook) {
      holding.take(budgets.webhooks);
      holding.take(budgets.webhookBodies, body.length);
    }
    return body;
  } finally {
    unproven.leave(place);
  }
}

function collect(
  payload: IncomingMessage,
  withinMs: number,
  arrived: (size: number) => void,
  canRefuse?: (refuse: (error: Error) => void) => void,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const done = (): void => {
      clearTimeout(timer);
      payload.off('data', take).off('end', end).off('error', broken).off('close', broken);
    };
    const refuse = (error: Error): void => {
      done();
      chunks.length = 0;
      // What follows is not wanted; the answer ends the connection.
      payload.on('error', () => undefined);
      payload.pause();
      reject(error);
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) return refuse(tooLarge());
      chunks.push(chunk);
      try {
        arrived(chunk.length);
      } catch (error) {
        refuse(error as Error);
      }
    };
    const end = (): void => {
      done();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    };
    const broken = (): void => refuse(new Refusal('invalid', 'The body broke off.'));
    const timer = setTimeout(() => refuse(tooSlow(withinMs)), withinMs);
    canRefuse?.(refuse);
    payload.on('data', take).on('end', end).on('error', broken).on('close', broken);
    payload.resume();
  });
}

function tooLarge(): Refusal {
  return new Refusal('too_large', 'The body is larger than 1 MiB.');
}

function tooSlow(withinMs: number): Refusal {
  return new Refusal('too_slow', `The body did not arrive within ${withinMs / 1_000} s. Send it again, all at once.`);
}

function crowdedOut(): Refusal {
  return new Refusal('too_slow', 'The body did not arrive before others needed its place. Send it again, all at once.');
}
