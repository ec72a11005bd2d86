import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accountsOf, startBothCentres, type Account, type BothCentres } from '../support/centres.js';

const NAMES = ['support-8x8', 'other-8x8', 'support-chatwoot', 'other-chatwoot'];
/** An account of 8x8 is told that its event was taken: 8x8 would repeat it otherwise. Nothing comes of it. */
const answerTo = (from: string, to: string): number => (from.endsWith('8x8') && to.endsWith('8x8') ? 204 : 401);

describe('one gateway with two accounts each of 8x8 and of Chatwoot', () => {
  let world: BothCentres['world'];
  let chatwoot: BothCentres['chatwoot'];
  let stop: BothCentres['stop'];
  let accounts: Map<string, Account>;
  beforeAll(async () => {
    const both = await startBothCentres();
    ({ world, chatwoot, stop } = both);
    accounts = new Map(accountsOf(both).map((account) => [account.provider, account]));
  });
  afterAll(() => stop());

  const agentOf = (provider: string) => (provider.endsWith('8x8') ? world.simulator.agent : chatwoot.agent);
  const active = async (provider: string): Promise<{ id: string; conversationId: string }> => {
    const handover = await world.handover({ provider });
    await world.bot.event(handover.id, 'handover.queued');
    await agentOf(provider).join(handover.conversationId);
    await world.bot.event(handover.id, 'handover.active');
    return handover;
  };

  it('carries four conversations at the same time, each to its own account', async () => {
    const handovers = await Promise.all(NAMES.map(active));
    await Promise.all(
      handovers.map(async ({ id, conversationId }, index) => {
        const provider = NAMES[index]!;
        await world.say(id, `to ${provider}`);
        await agentOf(provider).say(conversationId, `from ${provider}`);
        await world.bot.event(id, 'message.created');
      }),
    );
    expect(handovers.map(({ id }) => world.bot.texts(id))).toEqual(NAMES.map((provider) => [`from ${provider}`]));
    expect(new Set(handovers.map(({ conversationId }) => conversationId)).size).toBe(4);
    const accountsReached = [
      ...handovers.slice(0, 2).map(({ conversationId }) => world.simulator.conversation(conversationId).tenant),
      ...handovers.slice(2).map(({ conversationId }) => chatwoot.conversation(conversationId).accountId),
    ];
    expect(accountsReached).toEqual(['acme01', 'other01', 1, 2]);
  });

  const pairs = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => [from, to] as const));
  it.each(pairs)('lets %s, well signed, end nothing of %s', async (from, to) => {
    const [mine, theirs] = [accounts.get(from)!, accounts.get(to)!];
    const { id, conversationId } = await active(to);
    const before = world.bot.types(id);
    const answer = { status: answerTo(from, to) };
    expect(await mine.emit(theirs.url, theirs.ending(conversationId))).toEqual(answer);
    expect(await mine.emit(theirs.url, mine.ending(conversationId))).toEqual(answer);
    await mine.emit(mine.url, mine.ending(conversationId));
    await mine.emit(mine.url, theirs.ending(conversationId));
    await agentOf(to).say(conversationId, 'still here');
    await world.bot.event(id, 'message.created');
    expect(world.bot.types(id)).toEqual([...before, 'message.created']);
    expect((await world.read(id)).status).toBe('active');
    // The same event ends it where it comes from the right account: it was refused for its sender alone.
    expect(await theirs.emit(theirs.url, theirs.ending(conversationId))).toEqual({ status: 204 });
    await world.bot.event(id, 'handover.completed');
  });
});
