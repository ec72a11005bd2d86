import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const SEND = { method: 'POST', path: '/messages$' };
const CONTENT = { method: 'GET', path: '/content$' };

describe('a gateway that is killed while it carries a file', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ asProcess: true });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const underWay = (what: string): Promise<unknown> =>
    until(what, () => world.simulator.faults.current.api[0]!.times === 0);

  it('sends a message once and with its file when it is killed between the upload and the message', async () => {
    const { id, conversationId } = await world.active();
    const file = await world.uploaded(id, 'a file', 'file.txt');
    const { messages, attachments } = world.simulator.conversation(conversationId);
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { hang: 'before' } }] });
    await world
      .api('post', `/v1/handovers/${id}/messages`)
      .send({ attachments: [{ id: file }] })
      .expect(202);
    await underWay('the message to be sent');
    await world.killGateway();
    await world.startGateway();
    await until('the message', async () => (await world.transcript(id))[0]!.status === 'delivered');
    const said = messages.filter(({ authorType }) => authorType === 'user');
    expect(said).toMatchObject([{ text: 'file.txt', attachments: [{ content: Buffer.from('a file') }] }]);
    // What was uploaded before the end is used after it.
    expect(attachments).toHaveLength(1);
  });

  it("fetches an agent's file again when it is killed meanwhile, and says the message once, before what follows", async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({
      fileUrlsExpired: true,
      api: [{ match: CONTENT, times: 1, fault: { hang: 'before' } }],
    });
    await world.simulator.agent.sendFile(conversationId, { filename: 'a.txt', content: 'once' });
    await world.simulator.agent.say(conversationId, 'then');
    await underWay('the fetch');
    await world.killGateway();
    await world.startGateway();
    await until('both', () => world.bot.texts(id).length === 2);
    expect(world.bot.texts(id)).toEqual([null, 'then']);
    const { message } = (await world.bot.event(id, 'message.created')).data;
    expect(message!.attachments).toMatchObject([{ filename: 'a.txt', size: 4 }]);
    const kept = await world.database.query(`SELECT status FROM attachment WHERE handover_id = $1`, [id]);
    expect(kept).toEqual([{ status: 'complete' }]);
  });
});
