import type { Command } from '../commands.js';

/** Loaded when it is needed: it brings all of the provider along, which takes its time. */
const work = (): Promise<typeof import('./run.js')> => import('./run.js');

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const NO_IDS = { min: 0, max: 0 };

const ACCOUNT = { provider: text, 'base-url': text, 'api-key': text, tenant: text };
const ACCOUNT_HELP = {
  provider: 'take the account from this entry of the configuration file',
  'base-url': 'where the API is, https://api.8x8.com unless given',
  'api-key': 'the key; better set EIGHT_BY_EIGHT_API_KEY, which other users of the machine do not see',
  tenant: 'the tenant, where the customer owns several',
};
const NAME_HELP = 'what is made is named after it: the name of the provider';
const WEBHOOK_HELP = 'where 8x8 sends events to: https://<gateway>/handover/eightByEight/<name>';
const SMOKE_HELP = 'open a marked test conversation and end it again: it rings real agents';

/** Looking after an 8x8 account: these speak to 8x8 itself, so that they work before there is a gateway. */
export const EIGHT_BY_EIGHT: Command[] = [
  {
    name: 'eight-by-eight setup',
    summary: 'find or make the webhook and the channel in 8x8; only looks, unless --apply',
    usage: '--name <name> --webhook-url <url> --queue <id> [--apply] | --provider <name> [--apply]',
    options: { ...ACCOUNT, name: text, 'webhook-url': text, queue: text, listen: text, apply: flag, smoke: flag },
    help: {
      ...ACCOUNT_HELP,
      name: NAME_HELP,
      'webhook-url': WEBHOOK_HELP,
      queue: 'the Queue ID of the chat queue',
      listen: 'answer at this port (or host:port) while there is no gateway yet',
      apply: 'make what is missing',
      smoke: SMOKE_HELP,
    },
    ids: NO_IDS,
    check: ({ provider, name, apply, smoke, 'webhook-url': url, queue }) => {
      if (smoke && !apply) return '--smoke needs --apply.';
      if (provider !== undefined) return null;
      return name && url && queue ? null : 'Give --name, --webhook-url and --queue, or --provider.';
    },
    run: async (here, values) => (await work()).runSetup(here, values),
  },
  {
    name: 'eight-by-eight doctor',
    summary: 'check an 8x8 account from end to end, and say what to do about each finding',
    usage: '--provider <name> | --webhook-url <url> [options]',
    options: { ...ACCOUNT, 'webhook-url': text, channel: text, queue: text, smoke: flag },
    help: {
      ...ACCOUNT_HELP,
      'webhook-url': WEBHOOK_HELP,
      channel: "the channel's id",
      queue: "the Queue ID; the channel's own queue unless given",
      smoke: SMOKE_HELP,
    },
    ids: NO_IDS,
    check: ({ provider, 'webhook-url': url }) => ((provider ?? url) ? null : 'Give --provider or --webhook-url.'),
    run: async (here, values) => (await work()).runDoctor(here, values),
  },
  {
    name: 'eight-by-eight teardown',
    summary: 'delete what setup made, and nothing else; only looks, unless --apply',
    usage: '--name <name> | --provider <name> [--apply]',
    options: { ...ACCOUNT, name: text, apply: flag },
    help: { ...ACCOUNT_HELP, name: NAME_HELP, apply: 'delete it' },
    ids: NO_IDS,
    check: ({ provider, name }) => ((provider ?? name) ? null : 'Give --name or --provider.'),
    run: async (here, values) => (await work()).runTeardown(here, values),
  },
];
