import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

describe('a gateway whose database is away', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(async () => {
    await world.database.comeBack();
    await world.stop();
  });

  const health = async (path: string): Promise<number> => (await fetch(`${world.gateway.url}/health/${path}`)).status;

  it('answers 503, is not ready, asks 8x8 to send again, and recovers by itself', async () => {
    const { id, conversationId } = await world.active();
    await world.database.goAway();
    await until('not ready', async () => (await health('ready')) === 503);
    const answer = await world.api('get', '/v1/handovers');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
    expect(await health('live')).toBe(200);
    const lost = { eventType: 'TRANSFER', conversationId, timestamp: Date.now() };
    expect(await world.simulator.emit(lost)).toEqual({ status: 503 });
    await world.database.comeBack();
    await until('ready again', async () => (await health('ready')) === 200);
    await world.simulator.agent.say(conversationId, 'back again', 'agent-ann');
    await world.bot.event(id, 'message.created');
  });

  it('can be stopped, and started again later', async () => {
    await world.database.goAway();
    await world.stopGateway();
    await world.database.comeBack();
    await world.startGateway();
    await world.active();
  });
});
