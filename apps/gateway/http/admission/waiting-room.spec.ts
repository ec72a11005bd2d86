import { describe, expect, it, jest } from '@jest/globals';
import { WaitingRoom } from './waiting-room.js';

describe('a room for those that have proved nothing', () => {
  it('sends away the one that waits longest, of the address that has the most', () => {
    const room = new WaitingRoom({ count: 3, amount: 100 });
    const [first, genuine, second, third] = Array.from({ length: 4 }, () => jest.fn());
    room.enter('stranger', first!);
    room.enter('vendor', genuine!);
    room.enter('stranger', second!);
    room.enter('stranger', third!);
    expect(first).toHaveBeenCalledTimes(1);
    expect(room.size).toBe(3);
    expect([genuine, second, third].some((sent) => sent!.mock.calls.length > 0)).toBe(false);
  });

  it('does the same by what they hold', () => {
    const room = new WaitingRoom({ count: 10, amount: 100 });
    const [stranger, genuine] = [jest.fn(), jest.fn()];
    const large = room.enter('stranger', stranger);
    const small = room.enter('vendor', genuine);
    room.grow(large, 90);
    room.grow(small, 20);
    expect(stranger).toHaveBeenCalledTimes(1);
    room.grow(large, 1_000);
    room.grow(small, 80);
    expect(genuine).not.toHaveBeenCalled();
  });

  it('forgets who has left', () => {
    const room = new WaitingRoom({ count: 1, amount: 100 });
    const sent = jest.fn();
    const place = room.enter('a', sent);
    room.leave(place);
    room.leave(place);
    room.enter('a', jest.fn());
    expect(sent).not.toHaveBeenCalled();
    expect(room.size).toBe(1);
  });
});
