import { inspect } from 'node:util';
import { requestOf, withAccount } from '../account.js';
import type { ProviderHarness } from '../harness.js';
import { ensure, type Rule } from '../rule.js';

/** As the vendor has them, and each in the other type: documentation and vendor are not always of one mind. */
const TYPES = ['as they are', 'numbers', 'text'] as const;
const can = (capability: 'inspect' | 'availability' | 'findStarted') => (harness: ProviderHarness) =>
  harness.provider().definition.capabilities.includes(capability);

export const idRules: Rule[] = [
  {
    name: 'inspect finds the agents of a conversation, whether their ids are numbers or text',
    see: 'Inspection.agents in libs/contract/inspection.ts; idAt in libs/provider-kit/json.ts',
    applies: can('inspect'),
    async run(harness) {
      for (const type of TYPES)
        await withAccount(harness, async ({ vendor, session }) => {
          const id = await session.start(requestOf(harness));
          ensure(vendor.agentJoins, 'the fake of the vendor has no agentJoins, which inspect needs');
          vendor.agentJoins(id, '4711');
          if (type !== 'as they are') vendor.http.tellIdsAs(type);
          const { state, agents } = await session.inspect!(id);
          const isRight = state === 'open' && (agents === null || agents.length === 1);
          ensure(isRight, `with ids ${type}, it is ${state}, with the agents ${inspect(agents)}`);
          for (const agent of agents ?? [])
            ensure(typeof agent.id === 'string', `the agent's id is ${inspect(agent.id)}, which is no text`);
        });
    },
  },
  {
    name: 'availability finds the agents of a queue, whether its id is a number or text at the vendor',
    see: 'ProviderSession.availability in libs/contract/provider.ts, FakeVendor.staff in libs/testkit/harness.ts',
    applies: can('availability'),
    async run(harness) {
      for (const type of TYPES)
        await withAccount(harness, async ({ vendor, session }) => {
          const queue = harness.otherQueue ?? harness.defaults.queueId;
          ensure(vendor.staff, 'the fake of the vendor has no staff, which availability needs');
          ensure(typeof queue === 'string', 'the harness names no otherQueue');
          if (type !== 'as they are') vendor.http.tellIdsAs(type);
          for (const agents of [2, 0]) {
            vendor.staff(queue, agents);
            const { agentsEnabled, agentsAvailable, open, gap } = await session.availability!(queue);
            const told = [agentsEnabled, agentsAvailable].filter((count) => count !== null);
            const what = `with ${agents} free agents in the queue ${queue}, and ids ${type},`;
            ensure(
              told.every((count) => count === agents),
              `${what} it tells ${inspect({ agentsEnabled, agentsAvailable, open, gap })}`,
            );
            ensure(told.length > 0 || open !== null, `${what} it tells nothing: ${gap ?? 'and no gap'}`);
          }
        });
    },
  },
  {
    name: 'findStarted finds a conversation, whether its id is a number or text',
    see: 'ProviderSession.findStarted in libs/contract/provider.ts; idAt in libs/provider-kit/json.ts',
    applies: can('findStarted'),
    async run(harness) {
      for (const type of TYPES)
        await withAccount(harness, async ({ vendor, session }) => {
          const request = requestOf(harness);
          const id = await session.start(request);
          if (type !== 'as they are') vendor.http.tellIdsAs(type);
          const found = await session.findStarted!(request.handoverId);
          ensure(found === id, `with ids ${type}, it finds ${inspect(found)} in place of ${inspect(id)}`);
        });
    },
  },
];
