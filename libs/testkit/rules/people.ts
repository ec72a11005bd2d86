import { inspect } from 'node:util';
import type { MessageFact, ProviderEvent } from '#contract';
import { factsOf, NOW, requestOf, withAccount } from '../account.js';
import type { Said } from '../harness.js';
import { ensure, type Rule } from '../rule.js';

const SEE = 'ProviderFact in libs/contract/events.ts';
const SEE_FIXTURE = 'Fixture.says in libs/testkit/harness.ts';

const isMessage = (event: ProviderEvent): event is ProviderEvent & MessageFact => event.type === 'message';

/** What the user sees of a message, and who said it. */
function saidIn({ text, attachments, author, agent }: MessageFact): Said {
  return {
    text,
    files: attachments.map(({ filename }) => filename),
    by: author === 'agent' ? (agent?.id ?? null) : null,
  };
}

/** Everything in a fact that is an id, with where it stands. */
function idsIn(event: ProviderEvent): [string, unknown][] {
  const ids: [string, unknown][] = [['conversation', event.conversation]];
  if ('agent' in event && event.agent) ids.push(['agent.id', event.agent.id]);
  if ('queue' in event && event.queue) ids.push(['queue.id', event.queue.id]);
  if ('id' in event && event.id !== undefined) ids.push(['id', event.id]);
  if ('attachments' in event) for (const { id } of event.attachments) if (id !== null) ids.push(['attachments.id', id]);
  return ids;
}

export const peopleRules: Rule[] = [
  {
    name: 'what an agent says comes in its own words, with all its files and with who said it',
    see: `${SEE}: message, ${SEE_FIXTURE}`,
    async run(harness) {
      const { events, hasNoFiles = false } = harness.webhooks;
      const told = events.filter(({ facts }) => facts.includes('message'));
      ensure(told.length > 0, 'no fixture has a fact of the type message');
      const all = told.flatMap(({ says = [] }) => says);
      for (const { name, facts, says = [] } of told) {
        const count = facts.filter((type) => type === 'message').length;
        ensure(
          says.length === count,
          `the fixture "${name}" has ${count} messages, and says what ${says.length} of them are`,
        );
      }
      ensure(
        all.some(({ text, by }) => text !== null && by !== null),
        'no fixture has the words of an agent, with who said them',
      );
      const hasBoth = all.some(({ text, files }) => text !== null && files.length >= 2);
      ensure(hasBoth || hasNoFiles, 'no fixture has words with two files beside them: add one, or say hasNoFiles');
      await withAccount(harness, async (account) => {
        for (const { name, body, says } of told) {
          const heard = (await factsOf(account, body)).filter(isMessage).map(saidIn);
          ensure(inspect(heard) === inspect(says), `"${name}" says ${inspect(heard)} in place of ${inspect(says)}`);
        }
      });
    },
  },
  {
    name: 'a message that messagesSince lists says what its event says, files and all',
    see: `ProviderSession.messagesSince in libs/contract/provider.ts, FakeVendor.agentSays in libs/testkit/harness.ts`,
    applies: (harness) => harness.provider().definition.capabilities.includes('messagesSince'),
    async run(harness) {
      await withAccount(harness, async (account) => {
        const { vendor, session } = account;
        const id = await session.start(requestOf(harness));
        ensure(vendor.agentJoins && vendor.agentSays, 'the fake of the vendor has no agentJoins or agentSays');
        vendor.agentJoins(id, '4711');
        const files = harness.webhooks.hasNoFiles ? [] : ['first.pdf', 'second.png'];
        vendor.agentSays(id, 'with all that belongs to it', NOW, files);
        const { messages } = await session.messagesSince!(id, null);
        const [listed] = messages.map(saidIn);
        ensure(messages.length === 1 && listed, `it lists ${messages.length} messages in place of one`);
        ensure(
          listed.files.join() === files.join(),
          `it lists the files ${inspect(listed.files)} in place of ${inspect(files)}`,
        );
        ensure(listed.by !== null, 'it does not say who said it');
        for (const body of vendor.eventsOf?.(id) ?? [])
          for (const event of (await factsOf(account, body)).filter(isMessage)) {
            if (event.text !== listed.text) continue;
            const told = saidIn(event);
            ensure(
              inspect(told) === inspect(listed),
              `its event says ${inspect(told)}, and the list ${inspect(listed)}`,
            );
          }
      });
    },
  },
  {
    name: 'ids in facts are text, whatever they are at the vendor',
    see: `${SEE}: the ids of conversation, agent, queue, message and files`,
    async run(harness) {
      const { events, transfers, endings } = harness.webhooks;
      await withAccount(harness, async (account) => {
        for (const body of [...events.map((one) => one.body), ...transfers.flat(), ...endings.flat()])
          for (const event of await factsOf(account, body))
            for (const [where, value] of idsIn(event))
              ensure(
                typeof value === 'string',
                `${where} of the fact ${event.type} is ${inspect(value)}, which is no text`,
              );
      });
    },
  },
  {
    name: "the gateway's own teammate is no agent",
    see: `${SEE}: agent.joined, WebhookFixtures.own in libs/testkit/harness.ts`,
    applies: ({ webhooks }) => webhooks.own !== null,
    async run(harness) {
      await withAccount(harness, async (account) => {
        for (const body of harness.webhooks.own!) {
          const events = await factsOf(account, body);
          const wrong = events.filter(
            (event) => event.type === 'message' || ('agent' in event && event.agent !== null),
          );
          ensure(wrong.length === 0, `what the gateway's own teammate does became ${inspect(wrong)}`);
        }
        const { vendor, session } = account;
        if (!session.inspect) return;
        const id = await session.start(requestOf(harness));
        ensure(vendor.ownJoins, 'the fake of the vendor has no ownJoins: the own teammate is put into a conversation');
        vendor.ownJoins(id);
        const { agents } = await session.inspect(id);
        ensure(
          !agents?.length,
          `with the gateway's own teammate in it, a conversation has the agents ${inspect(agents)}`,
        );
      });
    },
  },
];
