import type { CheckFinding } from '#contract';

/** One thing that the doctor looks at. The administrator's page has a table of these. */
export interface Check {
  /** What is in order when it is. */
  looksAt: string;
  /** What is wrong when it is not. */
  usualCause: string;
}

/** Everything the doctor looks at, by the name in its findings, in the order in which they are shown. */
export const CHECKS = {
  'base-url': {
    looksAt: 'the API answers at `baseUrl`',
    usualCause: 'a mistyped address, no way out to the internet, a proxy in between',
  },
  'api-key': {
    looksAt: 'the key is accepted (401)',
    usualCause:
      'the key is mistyped or revoked, the _secret_ was pasted in its place, or it belongs to another kind of product',
  },
  product: {
    looksAt: 'the key may use the Chat Gateway (403)',
    usualCause: 'the app lacks the product _Contact Center Chat Gateway_, or got it a moment ago',
  },
  tenant: {
    looksAt: '`tenant` is one of the customer (403, 404)',
    usualCause: 'mistyped, other capitals, or missing although the customer owns several',
  },
  webhook: {
    looksAt: 'a webhook points to this gateway',
    usualCause: 'none was registered, or its address is another host, provider name or token',
  },
  'webhook-version': {
    looksAt: 'its version is _Chat Gateway v1.0_',
    usualCause: 'an older version: its events are called otherwise, and the handover never advances',
  },
  'webhook-reachable': {
    looksAt: '8x8 gets a 2xx from it (Test Connection)',
    usualCause:
      'no gateway there yet, or without this provider; not public, no valid certificate, a login or redirect in front',
  },
  duplicates: {
    looksAt: 'only one webhook points to this gateway',
    usualCause: 'a second one for the same address: what it reports comes twice',
  },
  channel: {
    looksAt: '`channelId` is known to the tenant (404)',
    usualCause: "another tenant's id, or the id of the webhook or queue in its place",
  },
  'channel-type': {
    looksAt: 'the channel is a Chat API channel',
    usualCause: "a web chat or messaging channel: conversations can't be opened on it",
  },
  'channel-webhook': {
    looksAt: "the channel's webhook is this gateway's",
    usualCause: 'another webhook was chosen: events go elsewhere',
  },
  queue: { looksAt: 'the queue is known to the tenant', usualCause: "mistyped, another tenant's, or deleted" },
  'queue-media': { looksAt: 'it is a chat queue', usualCause: 'a phone, e-mail or voicemail queue' },
  'queue-agents': {
    looksAt: 'agents are assigned to it and enabled',
    usualCause: 'assigned but not enabled: conversations wait for ever',
  },
  schedule: {
    looksAt: 'the schedule of `scheduleId` is open, or else any',
    usualCause: 'it is outside the opening hours',
  },
  'transfer-grace': {
    looksAt: '`endGrace` leaves time for a transfer',
    usualCause: 'too short: a transfer ends the handover',
  },
  endpoint: {
    looksAt: 'an `endpoint` takes conversations in',
    usualCause: 'neither `tenant` nor `webhookTenant` is set: the bot gets no conversation',
  },
  verification: { looksAt: 'events must be signed', usualCause: '`webhookVerification: off`' },
  clock: {
    looksAt: "the gateway's clock and 8x8's agree",
    usualCause: 'no time synchronisation: events look too old or too new and are refused',
  },
  signatures: {
    looksAt: 'the signatures of events are right',
    usualCause: 'something in between changes bodies, strips `x-8x8-*` headers, or `baseUrl` has not the right keys',
  },
  'webhook-tenant': {
    looksAt: "events carry the provider's tenant",
    usualCause: 'the _Tenant Label_ in events is not the text of `tenant`',
  },
  events: {
    looksAt: 'events arrive',
    usualCause: 'look at the Event Log (see below): 8x8 sends none, or they do not get through',
  },
} satisfies Record<string, Check>;

export type CheckName = keyof typeof CHECKS;

/** In order. */
export function ok(check: CheckName, message: string): CheckFinding {
  return { level: 'ok', check, message, action: null };
}

export function warning(check: CheckName, message: string, action: string): CheckFinding {
  return { level: 'warning', check, message, action };
}

export function error(check: CheckName, message: string, action: string): CheckFinding {
  return { level: 'error', check, message, action };
}

const ORDER = Object.keys(CHECKS);

/** As they are shown: by check, and nothing is said to be in order that another finding says is not. */
export function inOrder(findings: CheckFinding[]): CheckFinding[] {
  const wrong = new Set(findings.filter(({ level }) => level !== 'ok').map(({ check }) => check));
  const kept = findings.filter(({ level, check }) => level !== 'ok' || !wrong.has(check));
  return kept.sort((a, b) => ORDER.indexOf(a.check) - ORDER.indexOf(b.check));
}
