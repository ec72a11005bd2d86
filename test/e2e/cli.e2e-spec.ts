import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { ADMIN_KEY, BOT_KEY, World } from '../support/world.js';

describe('the command line', () => {
  let world: World;
  let conversationId: string;
  let id: string;
  beforeAll(async () => {
    world = await World.start();
    ({ id, conversationId } = await world.active());
    await world.bot.event(id, 'handover.active');
    world.bot.answers = [410];
    for (const text of ['lost one', 'lost two']) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    await until(
      'two failed deliveries',
      async () => (await world.database.query(`SELECT 1 FROM dead_letter`)).length === 2,
    );
  });
  afterAll(() => world.stop());

  const handover = (
    line: string,
    { key = ADMIN_KEY, url = world.gateway.url } = {},
  ): Promise<{ code: number; out: string; err: string }> =>
    new Promise((settle) => {
      const args = [resolve('dist/apps/cli/main.js'), ...line.split(' ')];
      const env = { PATH: process.env.PATH, PUBLIC_URL: url, HANDOVER_ADMIN_KEY: key };
      execFile(process.execPath, args, { env, cwd: '/' }, (error, out, err) =>
        settle({ code: error ? Number(error.code) : 0, out, err }),
      );
    });

  it('shows what a bot missed and sends it again', async () => {
    const listed = await handover('deliveries list --target test-bot');
    expect([listed.code, listed.err]).toEqual([0, '']);
    expect(listed.out).toMatch(/^ID +STATUS +TARGET/);
    expect(listed.out).toMatch(new RegExp(`failed +test-bot +${id} +message.created .* 410 Gone`));
    const retried = await handover('deliveries retry --all --target test-bot');
    expect([retried.code, retried.out]).toEqual([0, expect.stringContaining('2 sent again, 0 refused')]);
    await until('both', () => world.bot.texts(id).length === 2);
    expect(world.bot.texts(id)).toEqual(['lost one', 'lost two']);
    expect((await handover('deliveries list')).out).toBe('nothing found\n');
    const delivered = await until('delivered', async () => {
      const { out } = await handover('deliveries list --status delivered --json');
      const { data } = JSON.parse(out) as { data: { id: string; status: string }[] };
      return data.length === 2 ? data : null;
    });
    const again = await handover(`deliveries retry ${delivered[0]!.id} 999999`);
    expect([again.code, again.out]).toEqual([1, expect.stringContaining('0 sent again, 2 refused')]);
    expect(again.out).toMatch(/refused: This delivery was sent again and has arrived/);
  });

  it('shows the inbox and replays what can be replayed', async () => {
    const { out } = await handover(`inbox list --conversation ${conversationId} --limit 2 --json`);
    const { data, next } = JSON.parse(out) as { data: { id: string }[]; next: string };
    expect(data).toHaveLength(2);
    expect((await handover(`inbox list --limit 2`)).out).toContain(`more: --cursor ${next}`);
    const shown = await handover(`inbox show ${data[0]!.id}`);
    expect([shown.code, shown.out]).toEqual([0, expect.stringMatching(/^status +applied$/m)]);
    const refused = await handover(`inbox replay ${data[0]!.id}`);
    expect([refused.code, refused.out]).toEqual([1, expect.stringContaining('refused: This event was applied')]);
    expect(await handover('inbox replay --status dead')).toEqual({ code: 0, out: '0 replayed\n', err: '' });
    const unknown = await handover('inbox show 999999');
    expect(unknown).toEqual({ code: 1, out: '', err: 'There is no event "999999" in the inbox.\n' });
  });

  it('says in one line what is wrong, with an exit code to tell by', async () => {
    expect(await handover('inbox list --status nope')).toEqual({
      code: 1,
      out: '',
      err: 'status must be one of pending, parked, applied, ignored, dead\n',
    });
    const bot = await handover('inbox list', { key: BOT_KEY });
    expect([bot.code, bot.err]).toEqual([1, expect.stringMatching(/for operators.*Set --admin-key/)]);
    const nobody = await handover('inbox list', { url: 'http://127.0.0.1:9' });
    expect([nobody.code, nobody.err]).toEqual([3, expect.stringMatching(/^There is no gateway at .*set --url/)]);
    const other = await handover('inbox list', { url: world.simulator.url });
    expect([other.code, other.err]).toEqual([1, expect.stringMatching(/not as a gateway does: check --url/)]);
    const misspelt = await handover('inbox lst');
    expect([misspelt.code, misspelt.err]).toEqual([2, expect.stringMatching(/no command "inbox lst"/)]);
    expect((await handover('--help')).code).toBe(0);
  });
});
