import {
  durationMs,
  Setting,
  settingsOf,
  WebhookRejected,
  type Class,
  type FieldError,
  type RawWebhook,
} from '#contract';

/** Settings that an account of every contact centre has. A provider adds its own, and may declare one of these anew. */
export class AccountSettings {
  /** Declared by each provider, which knows the vendor's own address. */
  baseUrl: string;

  @Setting({
    type: 'string',
    title: 'Webhook token',
    help: 'A secret of your own choosing. When set, only webhooks whose address ends with it, /handover/{type}/{name}/{token}, are taken.',
    secret: true,
    maxLength: 255,
  })
  webhookToken?: string;

  @Setting({
    type: 'duration',
    title: 'Webhook tolerance',
    help: 'How old, or how far ahead of our clock, the time of an event that was signed may be: 24h at the most, and at most half of retention.inbox, since an event can come again for twice as long.',
    max: '24h',
    default: '5m',
  })
  webhookTolerance: string;

  @Setting({
    type: 'duration',
    title: 'End grace',
    help: "How long after an agent's leaving a sign of a transfer is waited for before the handover ends.",
    default: '10s',
  })
  endGrace: string;

  @Setting({
    type: 'duration',
    title: 'Give up after',
    help: 'How long an unreachable contact centre is tried again before a handover or a message fails.',
    default: '24h',
  })
  giveUpAfter: string;

  @Setting({
    type: 'duration',
    canBeOff: true,
    title: 'Reconcile',
    help: 'How often the contact centre is asked how an open conversation stands and what was said in it, in case an event was lost. 1s to 24h; off leaves it to the events alone.',
    min: '1s',
    max: '24h',
    default: '60s',
  })
  reconcile: string;

  @Setting({
    type: 'boolean',
    title: 'System messages',
    help: 'Whether messages of the contact centre itself reach the user, besides those of agents.',
    default: false,
  })
  systemMessages: boolean;
}

/** What can be sent in a header. */
const HEADER_VALUE = /^[!-~]([ -~]*[!-~])?$/;

/**
 * What is wrong with such settings beyond the rules of each; pointers into the settings.
 * @param inHeaders the names of those that are sent in a header of every call
 */
export function accountFlaws<S extends AccountSettings>(settings: S, inHeaders: (keyof S & string)[]): FieldError[] {
  const errors: FieldError[] = [];
  if (!isPlainAddress(settings.baseUrl))
    errors.push({ pointer: '/baseUrl', detail: 'must be a URL without credentials, query or fragment' });
  for (const name of inHeaders) {
    const value = settings[name];
    if (value === undefined || HEADER_VALUE.test(String(value))) continue;
    errors.push({ pointer: `/${name}`, detail: 'must be printable ASCII characters, without blanks around them' });
  }
  return errors;
}

/** The values of all settings that are declared as secret, as they are and as they stand in an address. Nobody may see them. */
export function secretsOf<S extends object>(type: Class<S>, settings: S): string[] {
  const secret = Object.entries(settingsOf(type)).filter(([, options]) => options.secret);
  const values = secret.map(([name]) => (settings as Record<string, unknown>)[name]);
  return values.flatMap((value) => (typeof value === 'string' ? [value, encodeURIComponent(value)] : []));
}

/** Where an API is, without a slash at its end. */
export function addressOf({ baseUrl }: AccountSettings): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

/**
 * What a session says of itself that follows from the settings of every account.
 * The ids of conversations must differ over all accounts and vendors. Where the vendor's are plain numbers, or count within an account,
 * name a scope: then `prefix` goes before each id, in `start`, `findStarted` and the events alike, and `vendorId` takes it away again.
 */
export abstract class AccountSession {
  readonly webhookToken: string | null;
  readonly endGraceMs: number;
  readonly giveUpAfterMs: number;
  readonly reconcileMs: number | null;
  readonly fileOrigin: string;
  protected readonly prefix: string;

  /** @param scope what ids count within: the account as the vendor names it, or the vendor's name where they count over all accounts */
  constructor(settings: AccountSettings, scope?: string) {
    this.webhookToken = settings.webhookToken ?? null;
    this.endGraceMs = durationMs(settings.endGrace);
    this.giveUpAfterMs = durationMs(settings.giveUpAfter);
    this.reconcileMs = settings.reconcile === 'off' ? null : durationMs(settings.reconcile);
    this.fileOrigin = new URL(settings.baseUrl).origin;
    const address = addressOf(settings).replace(/^https?:\/\//, '');
    this.prefix = scope === undefined ? '' : `${address}/${scope}/`;
  }

  /** Most vendors have no connection test. */
  isHandshake(_webhook: RawWebhook): boolean {
    return false;
  }

  /** The vendor's own id of a conversation. */
  protected vendorId(conversation: string): string {
    if (conversation.startsWith(this.prefix)) return conversation.slice(this.prefix.length);
    // It began when the account was reached at another address.
    return conversation.slice(conversation.lastIndexOf('/') + 1);
  }
}

/** For a genuine event that names its account. @throws {WebhookRejected} `unauthorized` when that is another one */
export function refuseForeign(named: string | null, own: string): void {
  if (named !== own)
    throw new WebhookRejected('unauthorized', `the event is of account ${named ?? 'unknown'}, not of ${own}`);
}

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
}
