import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../support/free-port.js';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

/** `npm run fake`, with what it writes. */
class Fake {
  out = '';
  private constructor(private readonly process: ChildProcess) {
    for (const stream of [process.stdout!, process.stderr!]) stream.on('data', (part) => (this.out += String(part)));
  }

  static async run(...args: string[]): Promise<Fake> {
    const fake = new Fake(spawn(process.execPath, ['apps/run-fake/main.js', ...args], { stdio: 'pipe' }));
    await until('the fake runs', () => fake.out.includes('help, quit'));
    return fake;
  }

  say(command: string): void {
    this.process.stdin!.write(`${command}\n`);
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.say('quit');
    await ended;
  }
}

describe.each(['chatwoot', 'eightByEight'])("the fake of a provider's fixtures, run by hand: %s", (type) => {
  let world: World;
  let fake: Fake;
  beforeAll(async () => {
    const port = String(await freePort());
    const first = await Fake.run(type, '--port', port, '--name', 'mine');
    const account = JSON.parse(/^ {2}- (.*)$/m.exec(first.out)![1]!) as never;
    await first.end();
    world = await World.start({ providers: () => [account] });
    fake = await Fake.run(type, '--port', port, '--name', 'mine', '--gateway', world.gateway.url);
  });
  afterAll(async () => {
    await world?.stop();
    await fake?.end();
  });

  it('carries a handover there and back', async () => {
    const { id } = await world.handover({ provider: 'mine' });
    fake.say('joins');
    await world.status(id, 'active');
    await world.say(id, 'Hello');
    fake.say('says How can I help?');
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['How can I help?']);
    await until('the message is there', () => {
      fake.say('list');
      return fake.out.includes('"text":"Hello"');
    });
    fake.say('ends');
    await world.bot.event(id, 'handover.completed');
  });
});
