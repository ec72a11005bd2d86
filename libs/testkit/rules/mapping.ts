import { inspect } from 'node:util';
import type { ProviderEvent } from '#contract';
import {
  bytesOf,
  everyText,
  factsOf,
  handoverId,
  NOW,
  requestOf,
  unproven,
  withAccount,
  type Account,
} from '../account.js';
import type { Body } from '../harness.js';
import { ensure, type Rule } from '../rule.js';
import { Story } from '../story.js';

/** Before it no vendor sent a webhook; a time in seconds that is taken for milliseconds is in 1970. */
const EARLIEST = Date.parse('2000-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const SEE = 'ProviderFact in libs/contract/events.ts';

export const mappingRules: Rule[] = [
  {
    name: 'every event of the vendor becomes the facts that are in it',
    see: SEE,
    async run(harness) {
      const covered = new Set(harness.webhooks.events.flatMap(({ facts }) => facts));
      for (const type of ['message', 'agent.joined', 'ignored'] as const)
        ensure(covered.has(type), `no fixture has a fact of the type ${type}`);
      await withAccount(harness, async (account) => {
        for (const { name, body, facts } of harness.webhooks.events) {
          const events = await factsOf(account, body);
          const types = events.map(({ type }) => type);
          ensure(types.join() === facts.join(), `"${name}" became ${inspect(types)} in place of ${inspect(facts)}`);
          const isPlaced = events.every(({ type, conversation }) => type === 'ignored' || conversation !== '');
          ensure(isPlaced, `"${name}" became a fact without a conversation`);
          const isTimed = events.every(({ at }) => at === null || Number.isInteger(at));
          ensure(isTimed, `"${name}" has a time that is neither whole milliseconds nor null`);
        }
      });
    },
  },
  {
    name: 'events name the conversation by the id that start returned, and the handover by its own',
    see: 'ProviderEvent in libs/contract/events.ts, FakeVendor.eventsOf in libs/testkit/harness.ts',
    async run(harness) {
      await withAccount(harness, async (account) => {
        const { vendor, session } = account;
        const started: [handover: string, id: string][] = [];
        for (const name of ['one', 'two']) {
          const request = requestOf(harness, { handoverId: handoverId(name), sessionId: name, userId: `user-${name}` });
          started.push([request.handoverId, await session.start(request)]);
        }
        ensure(vendor.eventsOf, 'the fake of the vendor has no eventsOf: events about a conversation of this id');
        for (const [handover, id] of started) {
          const bodies = vendor.eventsOf(id);
          ensure(bodies.length > 0, 'eventsOf of the fake returns no event');
          for (const body of bodies) {
            const told = (await factsOf(account, body)).filter(({ type }) => type !== 'ignored');
            ensure(told.length > 0, `no fact is in the event ${bytesOf(body).toString().slice(0, 300)}`);
            const isNamed = valuesOf(body).includes(handover);
            for (const { type, conversation, handoverId: named = isNamed ? undefined : handover } of told) {
              const isPlaced = conversation === id;
              ensure(
                isPlaced,
                `${type} is of the conversation ${inspect(conversation)}, and start returned ${inspect(id)}`,
              );
              ensure(named === handover, `${type} is of the handover ${inspect(named)} in place of ${handover}`);
            }
          }
        }
      });
    },
  },
  {
    name: 'the agent whom an event names is in its facts',
    see: `${SEE}: agent`,
    async run(harness) {
      await withAccount(harness, async (account) => {
        const heard = [];
        for (const { name, body } of harness.webhooks.events)
          heard.push({ name, values: valuesOf(body), facts: await factsOf(account, body) });
        const known = new Set(heard.flatMap(({ facts }) => facts.flatMap((fact) => agentIn(fact) ?? [])));
        for (const { name, values, facts } of heard) {
          const named = [...known].filter((id) => values.includes(id));
          // Of several it takes one who knows the vendor to say whose the fact is.
          if (named.length !== 1) continue;
          for (const fact of facts.filter(isOfAnAgent))
            ensure(
              agentIn(fact) === named[0],
              `"${name}" names the agent ${named[0]}, and its ${fact.type} ${agentIn(fact) ?? 'nobody'}: if it is another value that is the same, change the fixture`,
            );
        }
      });
    },
  },
  {
    name: 'the time of an event is one that can be, in milliseconds, or null',
    see: 'ProviderEvent in libs/contract/events.ts: at',
    async run(harness) {
      const latest = Math.max(NOW, Date.now()) + DAY_MS;
      await withAccount(harness, async (account) => {
        for (const { name, body } of harness.webhooks.events)
          for (const { at } of await factsOf(account, body)) {
            const isPlausible = at === null || (at >= EARLIEST && at <= latest);
            ensure(
              isPlausible,
              `"${name}" happened at ${at}, which is ${dateOf(at)}: is the time of the fixture real?`,
            );
          }
      });
    },
  },
  {
    name: 'a message that an event tells has the id by which messagesSince lists it',
    see: 'MessageFact in libs/contract/events.ts: id, FakeVendor.eventsOf in libs/testkit/harness.ts',
    applies: (harness) => harness.provider().definition.capabilities.includes('messagesSince'),
    async run(harness) {
      await withAccount(harness, async (account) => {
        const { vendor, session } = account;
        const told: { name: string; id?: string }[] = [];
        for (const { name, body } of harness.webhooks.events)
          for (const { id } of messagesIn(await factsOf(account, body))) told.push({ name, id });
        const bare = told.find(({ id }) => id === undefined);
        const areAlike = bare === undefined || told.every(({ id }) => id === undefined);
        ensure(areAlike, `"${bare?.name}" becomes a message without an id, and other events have one`);

        const conversation = await session.start(requestOf(harness));
        const wanting = 'which messagesSince needs';
        ensure(
          vendor.agentJoins && vendor.agentSays,
          `the fake of the vendor has no agentJoins or agentSays, ${wanting}`,
        );
        vendor.agentJoins(conversation, 'agent-1');
        const said: { text: string; id?: string; body: Body }[] = [];
        for (const [index, text] of ['first words', 'second words', 'third words'].entries()) {
          vendor.agentSays(conversation, text, NOW + index * 1_000);
          for (const body of vendor.eventsOf?.(conversation) ?? [])
            for (const message of messagesIn(await factsOf(account, body)))
              if (message.text === text) said.push({ text, id: message.id, body });
        }
        const { messages } = await session.messagesSince!(conversation, null);
        const listed = (text: string): string | undefined => messages.find((message) => message.text === text)?.id;
        // What the events do not have cannot be told: it has to be in each of them, as one of many values may be equal by chance.
        const isCarried = said.every(({ text, body }) => valuesOf(body).includes(listed(text)!));
        for (const { text, id } of said)
          ensure(
            id === listed(text) || (id === undefined && !isCarried),
            `"${text}" has the id ${id} in its event, and ${listed(text)} in the list: caught up, it would come twice`,
          );
      });
    },
  },
  {
    name: 'typing is told as it is: agents write, or have stopped',
    see: `${SEE}: typing`,
    applies: ({ webhooks }) => webhooks.events.some(({ facts }) => facts.includes('typing')),
    async run(harness) {
      const fixtures = harness.webhooks.events.filter(({ facts }) => facts.includes('typing'));
      const areSome = fixtures.some(({ typing = true }) => typing);
      ensure(areSome, 'there are fixtures of agents who have stopped to write, and none of one who writes');
      await withAccount(harness, async (account) => {
        for (const { name, body, typing = true } of fixtures)
          for (const fact of await factsOf(account, body))
            ensure(
              fact.type !== 'typing' || fact.typing === typing,
              typing
                ? `"${name}" says that agents have stopped to write: if it should, its fixture has typing: false`
                : `"${name}" says that agents write, and its fixture has typing: false`,
            );
      });
    },
  },
  {
    name: 'mapping is pure: it gives the same facts again, and leaves the webhook as it is',
    see: 'ProviderSession.events in libs/contract/provider.ts',
    async run(harness) {
      await withAccount(harness, async ({ session }) => {
        for (const { name, body } of harness.webhooks.events) {
          const webhook = unproven(body);
          const [before, once, again] = [Buffer.from(webhook.body), session.events(webhook), session.events(webhook)];
          ensure(
            inspect(once, { depth: 9 }) === inspect(again, { depth: 9 }),
            `"${name}" gives other facts the second time`,
          );
          ensure(webhook.body.equals(before), `"${name}" was changed by its mapping`);
        }
      });
    },
  },
  {
    name: 'an unknown event is ignored, with a reason',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async (account) => {
        const events = await factsOf(account, harness.webhooks.unknown);
        const areIgnored = events.every((event) => event.type === 'ignored' && event.reason.trim() !== '');
        ensure(events.length > 0 && areIgnored, `the unknown event became ${inspect(events)}`);
      });
    },
  },
  {
    name: 'an internal note never becomes a public message',
    see: SEE,
    applies: ({ webhooks }) => webhooks.internalNote !== null,
    run: (harness) =>
      withAccount(harness, (account) => ensureNotPublic(account, harness.webhooks.internalNote!, 'the internal note')),
  },
  {
    name: 'a message that the gateway sent does not come back to the user',
    see: SEE,
    applies: ({ webhooks }) => webhooks.echo !== null,
    run: (harness) => withAccount(harness, (account) => ensureNotPublic(account, harness.webhooks.echo!, 'the echo')),
  },
  {
    name: "an agent's leaving after a transfer is not an end",
    see: `${SEE}: agent.left, transferred, queued`,
    async run(harness) {
      ensure(harness.webhooks.transfers.length > 0, 'there are no fixtures of a transfer');
      for (const [number, bodies] of harness.webhooks.transfers.entries())
        await tell(bodies, harness, (story) => {
          const { status } = story.handover;
          ensure(status === 'active', `after transfer ${number} the handover is ${status} in place of active`);
        });
    },
  },
  {
    name: 'what ends a conversation ends the handover',
    see: `${SEE}: agent.left, idle, user.left`,
    async run(harness) {
      ensure(harness.webhooks.endings.length > 0, 'there are no fixtures of an end');
      for (const [number, bodies] of harness.webhooks.endings.entries())
        await tell(bodies, harness, (story) => {
          const { status } = story.handover;
          ensure(status === 'completed', `after ending ${number} the handover is ${status} in place of completed`);
        });
    },
  },
];

function dateOf(at: number | null): string {
  const date = new Date(at ?? NaN);
  return Number.isNaN(date.getTime()) ? 'no time at all' : date.toISOString();
}

const agentIn = (event: ProviderEvent): string | undefined => ('agent' in event ? event.agent?.id : undefined);

/** Of what a system says and of who has stopped to write it may be left open. */
function isOfAnAgent(event: ProviderEvent): boolean {
  if (event.type === 'message') return event.author === 'agent';
  return 'agent' in event && (event.type !== 'typing' || event.typing);
}

const messagesIn = (events: ProviderEvent[]) => events.flatMap((event) => (event.type === 'message' ? [event] : []));

/** Every value of a body that is JSON. */
function valuesOf(body: Body): string[] {
  try {
    return everyText(JSON.parse(bytesOf(body).toString())).split('\n');
  } catch {
    return [];
  }
}

async function ensureNotPublic({ session }: Account, body: Body, what: string): Promise<void> {
  const events: ProviderEvent[] = session.events(unproven(bytesOf(body)));
  const shown = events.filter(({ type }) => type === 'message' || type === 'typing' || type === 'activity');
  ensure(shown.length === 0, `${what} became ${inspect(shown)}, which the user would see`);
}

/** Tells the core of the webhooks, one after the other, and lets time pass. */
function tell(bodies: Body[], harness: Parameters<Rule['run']>[0], then: (story: Story) => void): Promise<void> {
  return withAccount(harness, async (account) => {
    const story = new Story(account.session.endGraceMs);
    for (const body of bodies) story.hear(await factsOf(account, body));
    story.wait();
    then(story);
  });
}
