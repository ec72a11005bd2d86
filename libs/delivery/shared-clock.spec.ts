import { describe, expect, it, jest } from '@jest/globals';
import { SharedClock } from './shared-clock.js';

const HOUR = 3_600_000;
const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn() };

/** A clock beside a database whose own clock a test can set. */
async function beside(databaseTime: number) {
  const world = { monotonic: 0, database: databaseTime, delay: 0 };
  const clock = new SharedClock(
    async () => {
      world.monotonic += world.delay;
      world.database += world.delay;
      return world.database;
    },
    log,
    () => world.monotonic,
  );
  await clock.start();
  clock.stop();
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      world.monotonic += 5_000;
      world.database += 5_000;
      await clock.compare();
    }
  };
  return { world, clock, pass, at: () => clock.now().getTime() };
}

describe('the clock that replicas share', () => {
  it('has the database’s time, whatever the machine says', async () => {
    const { at, pass } = await beside(5 * HOUR);
    expect(at()).toBe(5 * HOUR);
    await pass(HOUR);
    expect(at()).toBe(6 * HOUR);
  });

  it('makes up for drift at once', async () => {
    const { world, clock, at } = await beside(HOUR);
    world.database += 800;
    await clock.compare();
    expect(at()).toBe(HOUR + 800);
  });

  it('is hardly moved when the database’s clock is set an hour ahead for a minute, and back', async () => {
    const { world, pass, at } = await beside(HOUR);
    world.database += HOUR;
    await pass(60_000);
    expect(at() - (HOUR + 60_000)).toBeLessThanOrEqual(60_000 * 0.25);
    world.database -= HOUR;
    await pass(120_000);
    expect(at()).toBe(HOUR + 180_000);
  });

  it.each([1, -1])('follows in the end when it is set for good (%i hour), and says so once', async (hours) => {
    const { world, pass, at } = await beside(5 * HOUR);
    log.warn.mockClear();
    world.database += hours * HOUR;
    await pass(HOUR);
    expect(Math.abs(at() - world.database)).toBe(HOUR * 0.75);
    await pass(4 * HOUR);
    expect(at()).toBe(world.database);
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  it('learns nothing from an answer that took long', async () => {
    const { world, clock, at } = await beside(HOUR);
    Object.assign(world, { delay: 4_000, database: HOUR + 1_500 });
    await clock.compare();
    expect(at()).toBe(HOUR + 4_000);
  });
});
