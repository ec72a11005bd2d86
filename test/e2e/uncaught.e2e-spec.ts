import { afterEach, describe, expect, it } from '@jest/globals';
import type { GatewayProcess } from '../support/gateway-process.js';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

/** A listener of nobody's that throws, and a promise that nobody waits for. */
const BROKEN = `process.on('SIGUSR2', () => { void Promise.reject(new Error('a lost promise')); throw new Error('a broken listener'); })`;

describe('an error that nothing catches', () => {
  let world: World;
  afterEach(() => world.stop());

  it('is logged, and ends no replica: what is under way goes on', async () => {
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(BROKEN)}`;
    world = await World.start({ asProcess: true, env: { NODE_OPTIONS } });
    const { id, conversationId } = await world.active();
    (world.gateway as GatewayProcess).signal('SIGUSR2');
    for (const what of ['a broken listener', 'a lost promise'])
      await until(`${what} to be logged`, () => world.logs.some((line) => line.includes(what)));
    await world.say(id, 'still here');
    await world.delivered(id);
    expect(world.userTexts(conversationId)).toEqual(['still here']);
  });
});
