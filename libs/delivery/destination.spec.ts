import { beforeEach, describe, expect, it } from '@jest/globals';
import type { TakenLane } from '#core';
import { Destination, type Kind, type Share } from './destination.js';

describe('a destination', () => {
  let now: number;
  let destination: Destination;
  let a: Share;
  let b: Share;
  beforeEach(() => {
    now = 1_000;
    destination = new Destination('provider', 'support', () => now);
    a = destination.share('a');
    b = destination.share('b');
  });
  const lane = (handoverId: string, attempts = 0): TakenLane => ({
    handoverId,
    direction: 'provider',
    target: 'support',
    bot: 'a',
    done: 0,
    last: 1,
    attempts,
    uncertain: false,
    resend: false,
  });
  /** Different handovers of a bot fail, one after the other. */
  const fail = (share: Share, times: number, kind: Kind = 'plain', attempts = 0): boolean[] =>
    Array.from({ length: times }, (_, index) => destination.failed(share, kind, lane(`ho_${index}`, attempts)));
  const begin = (share: Share, times: number, kind: Kind = 'plain'): void => {
    for (let nth = 0; nth < times; nth++) destination.begin(share, kind);
  };

  describe('its places', () => {
    it('are all for a bot that is alone, and some are left for another all the same', () => {
      begin(a, destination.room(a, 'plain'));
      expect(a.inFlight.plain).toBe(32);
      expect(destination.room(a, 'plain')).toBe(0);
      expect(destination.room(b, 'plain')).toBe(8);
    });

    it('are others for what is heavy', () => {
      begin(a, destination.room(a, 'heavy'), 'heavy');
      expect(a.inFlight.heavy).toBe(8);
      expect([destination.room(a, 'plain'), destination.room(b, 'plain')]).toEqual([32, 32]);
      expect(destination.room(b, 'heavy')).toBe(4);
    });

    it('are few for what failed before, and more with each that goes through', () => {
      expect(destination.room(a, 'tried')).toBe(4);
      begin(a, 4, 'tried');
      expect([destination.room(a, 'tried'), destination.room(a, 'plain')]).toEqual([0, 28]);
      destination.end(a, 'tried');
      destination.succeeded(a, 'tried');
      expect(destination.room(a, 'tried')).toBe(5);
      destination.failed(a, 'tried', lane('ho_1', 4));
      expect(destination.room(a, 'tried')).toBe(1);
      expect(destination.room(b, 'tried')).toBe(4);
    });
  });

  describe('its circuit breaker', () => {
    it('opens for a bot after failures of eight different handovers, and says so once', () => {
      expect(fail(a, 9)).toEqual([false, false, false, false, false, false, false, true, false]);
      expect(destination.isDown('a')).toBe(true);
      expect(destination.room(a, 'plain')).toBe(0);
    });

    it('stays closed for the others', () => {
      fail(a, 40);
      expect(destination.isDown('b')).toBe(false);
      expect(destination.room(b, 'plain')).toBe(32);
    });

    it('stays closed when it is always the same handovers that fail', () => {
      for (let round = 0; round < 20; round++) fail(a, 7);
      expect(destination.isDown()).toBe(false);
    });

    it('does not count what failed often enough to be in trouble for its own sake, nor what is heavy', () => {
      fail(a, 40, 'tried', 3);
      fail(a, 40, 'heavy');
      expect(destination.isDown()).toBe(false);
    });

    it('does not count what failed long ago', () => {
      fail(a, 7);
      now += 60_001;
      destination.failed(a, 'plain', lane('ho_last'));
      expect(destination.isDown()).toBe(false);
    });

    it.each(['a', 'b'])('stays closed, and closes, when something goes through for bot %s', (bot) => {
      const share = destination.share(bot);
      fail(a, 7);
      destination.succeeded(share, 'plain');
      fail(a, 7);
      expect(destination.isDown()).toBe(false);
      fail(a, 8);
      expect(destination.isDown()).toBe(true);
      destination.succeeded(share, 'plain');
      expect(destination.isDown()).toBe(false);
      expect(destination.room(a, 'plain')).toBe(32);
    });

    it('lets a few lanes find out once the pause is over', () => {
      fail(a, 8);
      now += 1_001;
      expect([destination.room(a, 'plain'), destination.room(a, 'tried')]).toEqual([4, 4]);
      begin(a, 4);
      expect(destination.room(a, 'plain')).toBe(0);
    });

    it('pauses longer and longer for what failed before, and never long for what was not tried yet', () => {
      fail(a, 8);
      const pauses = Array.from({ length: 200 }, () => {
        now += 30_001;
        destination.failed(a, 'tried', lane('ho_1', 9));
        const pause = { plain: 0, tried: 0 };
        for (let ms = 0; ms <= 30_250; ms += 250) {
          if (destination.room(a, 'plain') === 0) pause.plain = ms;
          if (destination.room(a, 'tried') === 0) pause.tried = ms;
          now += 250;
        }
        return pause;
      });
      expect(Math.max(...pauses.map(({ tried }) => tried))).toBeGreaterThan(2_000);
      expect(Math.max(...pauses.map(({ tried }) => tried))).toBeLessThanOrEqual(30_000);
      expect(Math.max(...pauses.map(({ plain }) => plain))).toBeLessThanOrEqual(1_000);
    });
  });
});
