import { accountAt, conversationOf, failureOf, handoverId, requestOf, textOf, withAccount } from '../account.js';
import { ensure, type Rule } from '../rule.js';

const SEE = 'FakeVendor in libs/testkit/harness.ts: a fake is as strict as its vendor';
const MARKUP = '<i>in italics</i> &amp; so on';

/** What is wrong with the fake, and not with the provider: what it lets pass, nothing else can find. */
export const fakeRules: Rule[] = [
  {
    name: 'the fake refuses what proves another account',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        const { session: stranger } = accountAt(harness, vendor, 'second', harness.provider());
        const calls: [string, () => Promise<unknown>][] = [
          ['start', () => stranger.start(requestOf(harness, { handoverId: handoverId('of a stranger') }))],
          ['send', () => stranger.send(id, textOf('hello'))],
        ];
        for (const [what, call] of calls)
          await failureOf(call(), `${what} with the settings of another account, at the fake of this one,`);
      });
    },
  },
  {
    name: 'the fake knows no conversation that was never opened',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        await failureOf(session.send(`${id}0`, textOf('hello')), 'send into a conversation that is not there');
        ensure(conversationOf(vendor, id).messages.length === 0, 'what went nowhere is in another conversation');
      });
    },
  },
  {
    name: "markup in the user's name and in what was said before is shown as it was said",
    see: `${SEE}; textToHtml in libs/provider-kit/html.ts`,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const request = requestOf(harness, {
          user: { name: 'Maria <Muster> & Co' },
          transcript: [{ author: 'user', text: MARKUP }],
        });
        const { shown } = conversationOf(vendor, await session.start(request));
        ensure(shown.includes(MARKUP), `agents do not see ${MARKUP} as it was said: escape what goes into HTML`);
        ensure(shown.includes(request.user.name!), `agents do not see the name ${request.user.name} as it is`);
      });
    },
  },
];
