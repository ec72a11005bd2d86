/** One secret of the configuration, wherever it was written. */
export interface KnownSecret {
  /** How a message calls the place. */
  place: string;
  value: string;
  /**
   * `opens`: with it one gets in here. `callback`: it signs what is sent, `whsec_` and base64. `foreign`: another system gave it out,
   * so it is as long as it is.
   */
  kind: 'opens' | 'callback' | 'foreign';
  /** Foreign secrets of the same family may be the same: one key of a contact centre may open several of its accounts. */
  family?: string;
}

/** Shortest secret that is taken for one that cannot be guessed: characters, or bytes of what signs callbacks. */
export const MIN_SECRET = 24;
export const MAKE_A_SECRET = 'put the output of "openssl rand -hex 32" there';
const MAKE_A_CALLBACK_SECRET = 'put whsec_ and the output of "openssl rand -base64 32" there';

/** What makes a secret unsafe; null when nothing does. Never shows any of it. */
export function secretFlaw({ kind, value }: KnownSecret): string | null {
  const texts = kind === 'callback' ? [value, Buffer.from(bare(value), 'base64').toString('latin1')] : [value];
  if (kind === 'foreign')
    return isPlaceholder(value) ? 'is a placeholder: put the value there that the other system gave out' : null;
  const make = kind === 'callback' ? MAKE_A_CALLBACK_SECRET : MAKE_A_SECRET;
  if (texts.some(isPlaceholder)) return `is a placeholder: ${make}`;
  if (texts.at(-1)!.length < MIN_SECRET) {
    const unit = kind === 'callback' ? 'bytes that Standard Webhooks asks for' : 'characters';
    return `is shorter than the ${MIN_SECRET} ${unit}: ${make}`;
  }
  return texts.some(isEasilyGuessed) ? `is easily guessed: ${make}` : null;
}

/** Pairs of secrets that are the same and must not be: who is given one would hold the other as well. The later one comes first. */
export function sharedSecrets(secrets: KnownSecret[]): [KnownSecret, KnownSecret][] {
  const byValue = new Map<string, KnownSecret[]>();
  const shared: [KnownSecret, KnownSecret][] = [];
  for (const secret of secrets) {
    const same = byValue.get(bare(secret.value)) ?? [];
    byValue.set(bare(secret.value), [...same, secret]);
    const first = same.find(({ family }) => family === undefined || family !== secret.family);
    if (first) shared.push([secret, first]);
  }
  return shared;
}

/** What `whsec_` and the padding of base64 stand around is the same secret. */
function bare(value: string): string {
  return value.replace(/^whsec_/, '').replace(/=+$/, '');
}

/** Words that stand where a secret is to be put, as in `.env.example` and everywhere else. */
const PLACEHOLDERS = [
  /replace[-_. ]?(me|this|with)|change[-_. ]?(me|this|it)|changeit/i,
  /placeholder|put[-_. ]?your|insert[-_. ]?(your|here)|fill[-_. ]?(me|in)|to[-_. ]?be[-_. ]?(set|done)/i,
  /^(my|your|the|a|some)[-_. ]?(own[-_. ]?)?(\w+[-_. ])?(api[-_. ]?)?(key|secret|token|password)s?([-_. ]here)?$/i,
  /^(secret|password|passwd|token|key|apikey|admin|root|default|example|test|dummy|sample|todo|none|null|undefined|letmein|qwerty)\W*\d*$/i,
  /^[<[{(].*[>\]})]$/,
  /^\$\w+$/,
  /^(.)\1+=*$/s,
];

function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.some((pattern) => pattern.test(text));
}

/** Fewer different characters than any text of 24 that was drawn at random. */
const FEW_CHARACTERS = 5;
/** A text that repeats a piece of up to so many characters was typed and not drawn. */
const MAX_PIECE = 8;

function isEasilyGuessed(text: string): boolean {
  if (new Set(text).size <= FEW_CHARACTERS) return true;
  const pieces = Array.from({ length: MAX_PIECE }, (_, index) => text.slice(0, index + 1));
  return pieces.some((piece) => text === piece.repeat(text.length).slice(0, text.length)) || countsUp(text);
}

/** `abcdefgh…`, `12345678…` and the like. */
function countsUp(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0)!);
  const steps = codes.filter((code, index) => index > 0 && Math.abs(code - codes[index - 1]!) === 1);
  return steps.length >= (codes.length - 1) * 0.9;
}

/** The gateway's own secrets, which are not in its configuration file. */
export function ownSecrets(own: {
  adminKey: string | null;
  encryptionKey: string | null;
  previousEncryptionKeys: readonly string[];
  databaseUrl: string | null;
}): KnownSecret[] {
  const password = own.databaseUrl !== null && URL.canParse(own.databaseUrl) ? new URL(own.databaseUrl).password : '';
  const secrets: [string, string | null, string][] = [
    ['HANDOVER_ADMIN_KEY', own.adminKey, 'admin'],
    ['HANDOVER_ENCRYPTION_KEY', own.encryptionKey, 'encryption'],
    ...own.previousEncryptionKeys.map((key): [string, string, string] => [
      'HANDOVER_PREVIOUS_ENCRYPTION_KEYS',
      key,
      'encryption',
    ]),
    ['the password of the database', password === '' ? null : decodeURIComponent(password), 'database'],
  ];
  return secrets.flatMap(([place, value, family]) => (value === null ? [] : [{ place, value, kind: 'opens', family }]));
}
