import { beforeEach, describe, expect, it } from '@jest/globals';
import type { TakenLane } from '#core';
import { HeldLanes, kindOf, type HeldLane } from './held-lanes.js';

describe('the lanes in hand', () => {
  let lanes: HeldLanes;
  let count: number;
  beforeEach(() => {
    lanes = new HeldLanes();
    count = 0;
  });
  const lane = (bot: string, over: Partial<TakenLane> = {}): TakenLane => ({
    handoverId: `${bot}-${++count}`,
    direction: 'provider',
    target: 'support',
    bot,
    done: 0,
    last: 1,
    attempts: 0,
    uncertain: false,
    resend: false,
    ...over,
  });
  const ready = (bot: string, over: Partial<TakenLane> = {}): HeldLane => {
    const held = lanes.hold(lane(bot, over));
    lanes.enqueue(held);
    return held;
  };
  const support = () => lanes.destination('provider', 'support');
  const begin = (): HeldLane | undefined => {
    const held = lanes.next(support());
    if (held) support().begin(held.share, kindOf(held));
    return held;
  };

  it('are a share for each bot and target, so that one that is slow leaves the hand to the others', () => {
    let taken = 0;
    while (lanes.hasRoomFor(lane('a')) && taken < 10_000) {
      lanes.hold(lane('a'));
      taken += 1;
    }
    expect(taken).toBe(512);
    expect(lanes.hasRoomFor(lane('b'))).toBe(true);
    expect(lanes.hasRoomFor(lane('a', { target: 'another' }))).toBe(true);
    expect(lanes.hasRoomFor(lane('a', { direction: 'bot', target: 'a' }))).toBe(true);
    for (const bot of ['c', 'd', 'e', 'f', 'g']) while (lanes.hasRoomFor(lane(bot))) lanes.hold(lane(bot));
    expect(lanes.hasRoomFor(lane('b'))).toBe(true);
  });

  it('leave their room when they are dropped, once', () => {
    const all = Array.from({ length: 512 }, () => lanes.hold(lane('a')));
    expect(lanes.hasRoomFor(lane('a'))).toBe(false);
    for (const held of [...all, ...all]) lanes.drop(held);
    expect(lanes.room(support().share('a'))).toBe(512);
    expect(lanes.size).toBe(0);
  });

  it('go in turns of their bots, and in the order of each', () => {
    const first = Array.from({ length: 3 }, () => ready('a'));
    const second = Array.from({ length: 2 }, () => ready('b'));
    expect(Array.from({ length: 6 }, begin)).toEqual([first[0], second[0], first[1], second[1], first[2], undefined]);
  });

  it('of another bot go on while one has all places', () => {
    for (let nth = 0; nth < 100; nth++) ready('a');
    const begun: HeldLane[] = [];
    for (let held = begin(); held; held = begin()) begun.push(held);
    expect(begun).toHaveLength(32);
    const other = ready('b');
    expect(begin()).toBe(other);
  });

  it('that were tried go after those that were not, the least tried first', () => {
    const often = ready('a', { attempts: 7 });
    const once = ready('a', { attempts: 1 });
    const fresh = ready('a');
    expect(Array.from({ length: 3 }, begin)).toEqual([fresh, once, often]);
  });

  it('that are heavy hold up none that are not', () => {
    const heavy = Array.from({ length: 36 }, () => {
      const held = lanes.hold(lane('a'));
      held.isHeavy = true;
      lanes.enqueue(held);
      return held;
    });
    for (let held = begin(); held; held = begin()) expect(heavy).toContain(held);
    const light = ready('a');
    expect(begin()).toBe(light);
    const other = lanes.hold(lane('b'));
    other.isHeavy = true;
    lanes.enqueue(other);
    expect(begin()).toBe(other);
  });

  it('are let go where their bot takes the destination for down, and no others', () => {
    const [one, other] = [ready('a'), ready('b')];
    for (let nth = 0; nth < 8; nth++) support().failed(one.share, 'plain', lane('a'));
    expect(lanes.dropStranded(support())).toEqual([one]);
    expect([lanes.includes(one), lanes.includes(other)]).toEqual([false, true]);
    expect(begin()).toBe(other);
  });
});
