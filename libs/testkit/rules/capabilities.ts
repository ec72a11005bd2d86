import { inspect } from 'node:util';
import { ProviderError, settingsOf, type Capability } from '#contract';
import {
  conversationOf,
  ensureNoSecret,
  everyText,
  failureOf,
  HANDOVER,
  handoverId,
  metWith,
  NOW,
  requestOf,
  textOf,
  withAccount,
  type Account,
} from '../account.js';
import { changed, FILE, fileOf } from '../operations.js';
import type { ProviderHarness } from '../harness.js';
import { ensure, wrongly, type Rule } from '../rule.js';

/** A rule of those providers that declare the capability, with a conversation that has begun. */
function rule(
  capability: Capability,
  does: string,
  run: (account: Account, id: string, harness: ProviderHarness) => Promise<void>,
): Rule {
  return {
    name: `${capability} ${does}`,
    see: `ProviderSession.${capability} in libs/contract/provider.ts`,
    applies: (harness) => harness.provider().definition.capabilities.includes(capability),
    run: (harness) =>
      withAccount(harness, async (account) => run(account, await account.session.start(requestOf(harness)), harness)),
  };
}

/** What agents do at the vendor, which the fake of a provider with this capability has to be able to. */
type Deed = 'agentJoins' | 'agentSays' | 'agentEnds' | 'forget' | 'agentSends' | 'visitorBegins' | 'comesBack';

function ensureAble({ vendor }: Account, ...deeds: Deed[]): void {
  for (const deed of deeds) ensure(vendor[deed], `the fake of the vendor has no ${deed}, which this capability needs`);
}

/** A handover that no rule starts. */
const NEVER = handoverId('never started');

const signal = (name: 'typing' | 'thinking' | 'read', give: (account: Account, id: string) => Promise<void>): Rule =>
  rule(name, 'reaches the agent', async (account, id) => {
    await give(account, id);
    const { signals } = conversationOf(account.vendor, id);
    ensure(signals.join() === name, `the vendor saw ${inspect(signals)}`);
  });

export const capabilityRules: Rule[] = [
  signal('typing', ({ session }, id) => session.typing!(id, 'user')),
  signal('thinking', ({ session }, id) => session.thinking!(id, 5)),
  signal('read', ({ session }, id) => session.read!(id, new Date(NOW))),
  rule('update', 'changes the user and the queue', async ({ vendor, session }, id, harness) => {
    await session.update!(id, { request: changed(harness), userChanged: true });
    ensure(conversationOf(vendor, id).shown.includes('Maria Neu'), "agents are not shown the user's new name");
    ensure(harness.otherQueue !== undefined, 'the harness names no otherQueue');
    await session.update!(id, { request: changed(harness), userChanged: false, queueId: harness.otherQueue });
    const { queue } = conversationOf(vendor, id);
    ensure(queue === harness.otherQueue, `the conversation is in the queue ${queue} in place of ${harness.otherQueue}`);
  }),
  rule(
    'reassign',
    'moves a conversation that began at the vendor to the queue, once',
    async (account, _id, harness) => {
      const { vendor, session } = account;
      ensureAble(account, 'visitorBegins');
      const conversation = vendor.visitorBegins!();
      const before = vendor.conversations().length;
      const handover = handoverId('of a visitor');
      const request = requestOf(harness, { handoverId: handover, conversation });
      await session.reassign!(conversation, request);
      const { queue, shown } = conversationOf(vendor, conversation);
      ensure(queue !== null, 'it waits in no queue');
      ensure(shown.includes(handover), `the handover's id ${handover} is not among the customer's data`);
      ensure(vendor.conversations().length === before, 'another conversation was opened');
      // Only what can be moved on shows that it is left there.
      if (!session.update) return;
      ensure(harness.otherQueue !== undefined, 'the harness names no otherQueue');
      await session.update(conversation, { request, userChanged: false, queueId: harness.otherQueue });
      await session.reassign!(conversation, request);
      const again = conversationOf(vendor, conversation).queue;
      ensure(
        again === harness.otherQueue,
        `a second time it is moved, from the queue ${harness.otherQueue} to ${again}`,
      );
    },
  ),
  rule('handBack', 'asks for the conversation back, and is safe to repeat', async (account) => {
    const { vendor, session } = account;
    ensureAble(account, 'visitorBegins', 'comesBack');
    const conversation = vendor.visitorBegins!();
    for (let times = 0; times < 2; times += 1) await session.handBack!(conversation);
    ensure(vendor.comesBack!(conversation), 'the vendor was not asked for it');
  }),
  rule('upload', 'brings a file, and the message that names it shows it', async ({ vendor, session }, id) => {
    const file = await session.upload!(id, fileOf(FILE));
    ensure(conversationOf(vendor, id).messages.length === 0, 'the file is seen before a message names it');
    await session.send(id, { ...textOf('with a file'), attachments: [{ id: file, filename: 'a.txt' }] });
    const [message] = conversationOf(vendor, id).messages;
    const isThere = message?.files.length === 1 && message.files[0]!.equals(FILE);
    ensure(isThere, `the message has ${message?.files.length} files, or other bytes than were sent`);
  }),
  rule('download', "opens a file of an agent's", async (account, id) => {
    const { vendor, session } = account;
    ensureAble(account, 'agentSends');
    const remote = vendor.agentSends!(id, FILE);
    const { content } = await session.download!(id, remote, new AbortController().signal);
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(part as Buffer);
    ensure(Buffer.concat(parts).equals(FILE), 'the file has other bytes than the agent sent');
  }),
  rule('findStarted', 'finds a conversation by its handover, and no other', async ({ session }, id) => {
    const [found, other] = [await session.findStarted!(HANDOVER), await session.findStarted!(NEVER)];
    ensure(found === id, `of the handover ${HANDOVER} it finds ${inspect(found)} in place of ${inspect(id)}`);
    ensure(other === null, `of ${NEVER}, a handover that never started, it finds ${inspect(other)} in place of null`);
  }),
  rule('findSent', 'finds what was sent, and counts what is equal', async ({ session }, id) => {
    await session.send(id, textOf('first'));
    await session.send(id, textOf('twice'));
    const find = (text: string, before: number, author: 'user' | 'bot' = 'user'): Promise<boolean> =>
      session.findSent!(id, textOf(text, author), before);
    ensure(await find('twice', 0), 'the newest message is not found');
    ensure(!(await find('twice', 1)), 'a second equal message is found, and there is only one');
    await session.send(id, textOf('twice'));
    ensure(await find('twice', 1), 'the second of two equal messages is not found');
    ensure(!(await find('never said', 0)), 'a message is found that was never sent');
    ensure(!(await find('twice', 0, 'bot')), "the user's message is found as the bot's");
  }),
  rule('availability', 'tells what there is to tell, and a gap in place of a failure', async ({ vendor, session }) => {
    for (const queue of [null, 'a-queue-that-is-not-there']) await session.availability!(queue);
    await vendor.http.stop();
    const { gap, ...known } = await session.availability!('a-queue').catch((error: unknown) => {
      throw wrongly('when the vendor is not there, it throws', error);
    });
    const isEmpty = Object.values(known).every((value) => value === null);
    ensure(isEmpty && gap !== null, `of a vendor that is not there it tells ${inspect({ ...known, gap })}`);
  }),
  rule('queueOf', 'tells the queue that a handover would wait in', async ({ vendor, session }, _id, harness) => {
    const { otherQueue } = harness;
    const hasQueues = 'queueId' in settingsOf(harness.provider().definition.handoverSettings);
    ensure(!hasQueues || otherQueue !== undefined, 'the harness names no otherQueue');
    for (const settings of hasQueues ? [{}, { queueId: otherQueue }] : [{}]) {
      const request = requestOf(harness, { settings });
      const told = session.queueOf!(request);
      const { queue } = conversationOf(vendor, await session.start(request));
      // One that is left to the contact centre cannot be told.
      const isRight = told === queue || (told === null && !('queueId' in settings));
      ensure(isRight, `it tells the queue ${told}, and the conversation is in ${queue}`);
    }
  }),
  rule(
    'check',
    'finds nothing wrong with an account in order, and what is wrong with a broken one',
    async (account, _id, harness) => {
      const { session, vendor, secrets } = account;
      const context = {
        webhookUrls: [`${vendor.http.baseUrl}/webhooks-of-the-gateway`],
        defaults: harness.defaults,
        hasEndpoint: false,
        pinnedTenant: null,
        seen: null,
      };
      const findings = await session.check!(context);
      ensure(
        findings.some(({ level }) => level === 'ok'),
        `nothing is in order: ${inspect(findings)}`,
      );
      const before = vendor.conversations().length;
      await vendor.http.stop();
      const broken = await session.check!(context);
      const found = broken.find(({ level }) => level === 'error');
      ensure(found, 'a vendor that is not there is no error');
      ensure(found.action !== null, `the error does not say what to do: ${found.message}`);
      ensureNoSecret(secrets, everyText([findings, broken]), 'a finding');
      ensure(vendor.conversations().length === before, 'the check opened a conversation');
    },
  ),
  rule('inspect', 'says how a conversation stands, from its start until it is gone', async (account, id) => {
    const { session, vendor } = account;
    ensureAble(account, 'agentJoins', 'agentEnds', 'forget');
    const stand = async (): Promise<string> => {
      const { state, agents } = await session.inspect!(id);
      return `${state} with ${agents?.length ?? 'an unknown number of'} agents`;
    };
    ensure((await stand()) !== 'open with 1 agents', 'an agent is in it before one joined');
    vendor.agentJoins!(id, 'agent-1');
    ensure((await stand()) === 'open with 1 agents', `after an agent joined it is ${await stand()}`);
    vendor.agentEnds!(id);
    ensure((await stand()).startsWith('ended'), `after the agent ended it it is ${await stand()}`);
    vendor.forget!(id);
    ensure((await stand()).startsWith('gone'), `after the vendor forgot it it is ${await stand()}`);
  }),
  rule(
    'inspect',
    'of an account that does not work is an error, not a conversation that is gone',
    async (account, id) => {
      const { session, vendor } = account;
      ensureAble(account, 'forget');
      vendor.forget!(id);
      const met = vendor.http.next('inspect', { answer: () => ({ status: 401, body: {} }) });
      await failureOf(
        metWith(met, 'inspect', () => session.inspect!(id)),
        'inspect with an answer 401',
      );
      // As where the address is wrong. That an account is in order shows another call than the one for the conversation.
      vendor.http.answerAll({ status: 404, body: {} });
      const answer = await session.inspect!(id).catch((error: unknown) => error);
      ensure(answer instanceof ProviderError, `where every call is answered 404 it says ${inspect(answer)}`);
    },
  ),
  rule('messagesSince', 'lists what agents said, each once and in order, and nothing of ours', async (account, id) => {
    const { session, vendor } = account;
    ensureAble(account, 'agentJoins', 'agentSays');
    await session.send(id, textOf('ours'));
    vendor.agentJoins!(id, 'agent-1');
    for (const [index, text] of ['one', 'two', 'three'].entries()) vendor.agentSays!(id, text, NOW + index * 1_000);
    const all = await session.messagesSince!(id, null);
    const texts = all.messages.map(({ text }) => text).join();
    ensure(texts === 'one,two,three', `the list is ${texts} in place of one,two,three`);
    ensure(new Set(all.messages.map((message) => message.id)).size === 3, 'two messages have the same id');
    ensure(all.messages[0]!.at === NOW, `the first message was said at ${all.messages[0]!.at} in place of ${NOW}`);
    const { messages, from } = await session.messagesSince!(id, NOW + 1_000);
    const isWhole = ['two', 'three'].every((text) => messages.some((message) => message.text === text));
    ensure(isWhole && (from === null || from <= NOW + 1_000), 'what was said since a time is not all in the list');
  }),
];
