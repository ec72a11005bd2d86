import 'reflect-metadata';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsString,
  IsUrl,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
  type ValidationOptions,
} from 'class-validator';
import { durationMs, isDuration } from './duration.js';
import { IfPresent, type Class } from './validation.js';

/** What a setting's value may be. `duration` is text such as `30s` or `5m`; `number` is a whole one; `object` is any JSON object. */
export type SettingType = 'string' | 'url' | 'boolean' | 'duration' | 'choice' | 'number' | 'object';

/** Everything there is to say about one setting. Validation, masking, JSON Schema and documentation all read this. */
export interface SettingOptions {
  type: SettingType;
  /** Short name for people, as a form would show it. */
  title: string;
  /** One or two sentences: what it does and where its value comes from. */
  help: string;
  /** Encrypted at rest, never returned, never logged. */
  secret?: boolean;
  /**
   * Of a secret that lets its holder in here, as a webhook's token or signing secret does, and not only at the vendor: production
   * refuses one that is short or easy to guess. True, unless given, for settings whose names begin with `webhook`.
   */
  opens?: boolean;
  /**
   * What a secret of type `string` may consist of. `header`, unless given: what fits in an HTTP header, printable ASCII. `text`: all
   * but control characters. `lines`: text with line breaks within, as a key in PEM form has them. Blanks around it are never allowed.
   */
  characters?: 'header' | 'text' | 'lines';
  required?: boolean;
  /** Used where the setting is left out. */
  default?: string | boolean | number;
  /** A `duration` that may be `off` as well. */
  canBeOff?: boolean;
  /** The allowed values of a `choice`. */
  choices?: readonly string[];
  /** The bounds of a `number`, or of a `duration` as text; both allowed. */
  min?: number | string;
  max?: number | string;
  /** Longest accepted text in characters, 1,024 unless given. */
  maxLength?: number;
}

const SETTINGS = Symbol('settings');

/** Declares a property of a settings class, with its rule. One declaration is all a setting needs. */
export function Setting(options: SettingOptions): PropertyDecorator {
  return (target, property) => {
    const known = (Reflect.getMetadata(SETTINGS, target) ?? {}) as Record<string, SettingOptions>;
    Reflect.defineMetadata(SETTINGS, { ...known, [String(property)]: options }, target);
    for (const rule of rulesOf(options)) rule(target, property);
  };
}

/**
 * Takes settings away that a class inherits and that mean nothing here, such as `webhookTolerance` where a vendor signs no time: they are
 * not documented, have no default, and are refused where they are given. Goes on the class.
 */
export function WithoutSettings(...names: string[]): ClassDecorator {
  return ({ prototype }) => {
    const known = (Reflect.getMetadata(SETTINGS, prototype as object) ?? {}) as Record<string, SettingOptions>;
    const left = Object.entries(known).filter(([name]) => !names.includes(name));
    Reflect.defineMetadata(SETTINGS, Object.fromEntries(left), prototype as object);
    const refused = { validate: () => false, defaultMessage: () => 'is no setting here' };
    for (const name of names) ValidateBy({ name: 'isNoSetting', validator: refused })(prototype as object, name);
  };
}

/** The declared settings of a class, by property name. */
export function settingsOf(type: Class): Record<string, SettingOptions> {
  return (Reflect.getMetadata(SETTINGS, type.prototype) ?? {}) as Record<string, SettingOptions>;
}

/** The class's settings as a JSON Schema (draft 2020-12). Secrets are `writeOnly`. */
export function settingsSchema(type: Class): Record<string, unknown> {
  const declared = Object.entries(settingsOf(type));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: Object.fromEntries(declared.map(([name, options]) => [name, propertySchema(options)])),
    required: declared.filter(([, options]) => options.required).map(([name]) => name),
    additionalProperties: false,
  };
}

/** A copy with the declared default in place of every setting that is missing. */
export function withDefaults<T extends object>(type: Class<T>, value: T): T {
  const copy = Object.assign(new type(), value) as Record<string, unknown>;
  for (const [name, options] of Object.entries(settingsOf(type))) {
    if (copy[name] === undefined && options.default !== undefined) copy[name] = options.default;
  }
  return copy as T;
}

const DURATION = '[0-9]{1,9}(ms|s|m|h|d)';

function propertySchema(options: SettingOptions): Record<string, unknown> {
  const shapes: Record<SettingType, Record<string, unknown>> = {
    string: { type: 'string', minLength: 1, maxLength: options.maxLength ?? 1024 },
    url: { type: 'string', format: 'uri', maxLength: options.maxLength ?? 1024 },
    boolean: { type: 'boolean' },
    duration: { type: 'string', pattern: options.canBeOff ? `^(off|${DURATION})$` : `^${DURATION}$` },
    choice: { type: 'string', enum: options.choices },
    number: { type: 'integer', ...numberBounds(options) },
    object: { type: 'object' },
  };
  return {
    title: options.title,
    description: options.help,
    ...shapes[options.type],
    ...(options.default === undefined ? {} : { default: options.default }),
    ...(options.secret ? { writeOnly: true } : {}),
  };
}

function rulesOf(options: SettingOptions): PropertyDecorator[] {
  const text = [MaxLength(options.maxLength ?? 1024), IsNotEmpty({ message: 'must not be empty' })];
  const rules: Record<SettingType, PropertyDecorator[]> = {
    string: [
      ...(options.secret ? [secretRule(options)] : []),
      ...text,
      IsString({ message: 'must be a string (a number needs quotes)' }),
    ],
    url: [
      IsUrl(
        { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
        { message: 'must be an http or https URL' },
      ),
    ],
    boolean: [IsBoolean({ message: 'must be true or false' })],
    duration: [durationRule(options)],
    choice: [IsIn([...(options.choices ?? [])], { message: `must be one of ${(options.choices ?? []).join(', ')}` })],
    number: numberRules(options),
    object: [IsObject({ message: 'must be an object' })],
  };
  // Said either way: a class that declares a setting anew would otherwise inherit that it may be left out.
  const presence = options.required ? ValidateIf(() => true) : IfPresent();
  return [presence, ...rules[options.type]];
}

function numberRules(options: SettingOptions): PropertyDecorator[] {
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = numberBounds(options);
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return [Min(minimum, { message }), Max(maximum, { message }), IsInt({ message })];
}

function numberBounds({ min, max }: SettingOptions): { minimum?: number; maximum?: number } {
  return { minimum: min === undefined ? undefined : Number(min), maximum: max === undefined ? undefined : Number(max) };
}

function durationRule({ canBeOff = false, min, max }: SettingOptions): PropertyDecorator {
  if (!canBeOff && min === undefined && max === undefined) return IsDuration();
  const [least, most] = [min ?? '0s', max ?? '999999999d'].map(String) as [string, string];
  const isWithin = (value: unknown): boolean =>
    isDuration(value) && durationMs(value) >= durationMs(least) && durationMs(value) <= durationMs(most);
  const range = min === undefined && max === undefined ? 'such as 30s, 5m or 1h' : `from ${least} to ${most}`;
  const validator = {
    validate: (value: unknown): boolean => (canBeOff && value === 'off') || isWithin(value),
    defaultMessage: (): string => `must be a duration ${range}${canBeOff ? ', or off' : ''}`,
  };
  return ValidateBy({ name: 'isDurationWithin', validator });
}

const SECRETS: Record<NonNullable<SettingOptions['characters']>, { pattern: RegExp; what: string }> = {
  header: { pattern: /^[ -~]*$/, what: 'printable ASCII characters' },
  text: { pattern: /^\P{C}*$/u, what: 'one line without control characters' },
  lines: { pattern: /^[\P{C}\r\n]*$/u, what: 'text without control characters' },
};

/** A secret with an invisible character too many never fits, and nobody sees why. */
function secretRule({ characters = 'header' }: SettingOptions): PropertyDecorator {
  const { pattern, what } = SECRETS[characters];
  const validate = (value: unknown): boolean =>
    typeof value !== 'string' || (pattern.test(value) && value === value.trim());
  const defaultMessage = (): string =>
    `must be ${what}, without blanks or line breaks around it (echo adds a line break, printf %s adds none)`;
  return ValidateBy({ name: 'isSecret', validator: { validate, defaultMessage } });
}

/** class-validator rule: a duration such as `30s`, `5m` or `1h`. */
export function IsDuration(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isDuration',
      validator: { validate: isDuration, defaultMessage: () => 'must be a duration such as 30s, 5m or 1h' },
    },
    options,
  );
}

/** Replaces every secret of a settings object by `••••`, for showing it to people. */
export function maskSecrets(type: Class, value: object): Record<string, unknown> {
  const declared = settingsOf(type);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, declared[name]?.secret && item !== undefined ? '••••' : item]),
  );
}
