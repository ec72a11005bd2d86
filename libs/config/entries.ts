import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { durationMs, IfPresent, isDuration, Nested, Setting } from '#contract';

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const SLUG_RULE = 'must be 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends';

/** A bot as the configuration file declares it. */
export class BotConfig {
  @Setting({ type: 'string', title: 'Name', help: 'Identifies the bot.', required: true })
  @Matches(SLUG, { message: SLUG_RULE })
  name: string;

  @Setting({ type: 'string', title: 'API key', help: 'What the bot sends.', required: true, secret: true })
  @Matches(/^[\x21-\x7e]{1,512}$/, { message: 'must be 1 to 512 visible ASCII characters without spaces' })
  apiKey: string;

  @Setting({ type: 'url', title: 'Callback URL', help: 'Where events are sent to.' })
  callbackUrl?: string;

  /** `whsec_` and the base64 of the signing key, as Standard Webhooks defines it. */
  @Setting({ type: 'string', title: 'Callback secret', help: 'Signs what is sent there.', secret: true })
  @Matches(/^whsec_(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=?|[A-Za-z0-9+/]{2}(?:==)?)$/, {
    message: 'must be whsec_ followed by base64, for example whsec_ and the output of "openssl rand -base64 32"',
  })
  callbackSecret?: string;

  /** Names of the only providers that the bot may use; without it, all. */
  @IfPresent()
  @IsArray({ message: 'must be a list of names of providers' })
  @ArrayNotEmpty({ message: 'must name a provider: leave the key out where the bot may use all' })
  @ArrayUnique({ message: 'must not name a provider twice' })
  @IsString({ each: true, message: 'must be names of providers' })
  providers?: string[];
}

/** What happens when the end user falls silent. */
export class InactivityConfig {
  @Setting({ type: 'duration', title: 'Timeout', help: 'How long the user may be silent.', required: true })
  @Matches(/[1-9]/, { message: 'must be longer than 0' })
  timeout: string;

  /** How many reminders come before the end. */
  @IsInt({ message: 'must be a whole number' })
  @Min(0, { message: 'must be 0 or more' })
  @Max(1000, { message: 'must be 1000 or less' })
  reminders: number = 1;

  @IsBoolean({ message: 'must be true or false' })
  close: boolean = true;
}

/** Where the agent finds help about the conversation: at an address of the operator's, or on the gateway's own page. */
export class CopilotConfig {
  @Setting({ type: 'url', title: 'Base URL', help: 'The start of the link, unless builtIn is set.' })
  baseUrl?: string;

  /** Whether the gateway serves the page. */
  @IfPresent()
  @IsBoolean({ message: 'must be true or false' })
  builtIn: boolean = false;

  @Setting({
    type: 'string',
    title: 'URL token',
    help: 'Added to the link.',
    required: true,
    secret: true,
    characters: 'text',
  })
  urlToken: string;

  /** While links with it are still in use: a token is rotated by moving it here. */
  @Setting({
    type: 'string',
    title: 'Previous URL token',
    help: 'Still accepted by the built-in page.',
    secret: true,
    characters: 'text',
  })
  previousUrlToken?: string;
}

/** Conversations that start in the contact centre, and which bot gets them. */
export class EndpointConfig {
  @Setting({ type: 'string', title: 'Bot', help: 'The name of the bot that gets them.', required: true })
  bot: string;

  /** Whether the bot hears of a conversation as soon as it is there, and not only with the first message. */
  @IfPresent()
  @IsBoolean({ message: 'must be true or false' })
  acceptActiveEvent: boolean = false;

  /** Whether the bot gets the conversation back after the agent. */
  @IfPresent()
  @IsBoolean({ message: 'must be true or false' })
  handBack: boolean = false;
}

const SIZE = /^([1-9]\d{0,5})(KiB|MiB)$/;
const MAX_ATTACHMENT_BYTES = 100 * 1024 * 1024;
const MAX_TYPES = 200;

/** Bytes of a size such as `25MiB`. */
export function sizeBytes(text: string): number {
  const [, count, unit] = SIZE.exec(text) ?? [];
  return Number(count) * (unit === 'MiB' ? 1024 * 1024 : 1024);
}

/** Which files may go through, either way. */
export class AttachmentsConfig {
  /** The largest one. */
  @ValidateBy({
    name: 'isSize',
    validator: {
      validate: (value) => typeof value === 'string' && SIZE.test(value) && sizeBytes(value) <= MAX_ATTACHMENT_BYTES,
      defaultMessage: () => 'must be a size such as 500KiB or 25MiB, 100MiB at the most',
    },
  })
  maxSize: string = '25MiB';

  /** Media types, where not all are welcome: `image/png`, or `image/*` for all of a kind. */
  @IfPresent()
  @IsArray({ message: 'must be a list of media types' })
  @ArrayMaxSize(MAX_TYPES, { message: `must have ${MAX_TYPES} entries at the most` })
  @Matches(/^[a-z]+\/(?:\*|[a-z0-9.+-]{1,100})$/, {
    each: true,
    message: 'must be media types such as image/png or image/*',
  })
  types?: string[];
}

/** A provider as the configuration file declares it. `settings` and `defaults` are as written, without the type's defaults. */
export class ProviderConfig {
  @Setting({ type: 'string', title: 'Name', help: 'Identifies the provider.', required: true })
  @Matches(SLUG, { message: SLUG_RULE })
  name: string;

  @Setting({ type: 'string', title: 'Type', help: 'Which contact centre.', required: true })
  type: string;

  @Setting({ type: 'object', title: 'Settings', help: 'Settings of the account.' })
  settings: Record<string, unknown> = {};

  @Setting({ type: 'object', title: 'Defaults', help: 'What handovers start from.' })
  defaults: Record<string, unknown> = {};

  @Nested(() => InactivityConfig)
  @IfPresent()
  @IsObject({ message: 'must be a mapping' })
  @ValidateNested({ message: 'must be a mapping' })
  inactivity?: InactivityConfig;

  @Setting({ type: 'duration', title: 'Wait timeout', help: 'How long a handover may wait for an agent.' })
  @Matches(/[1-9]/, { message: 'must be longer than 0' })
  waitTimeout?: string;

  @Setting({ type: 'duration', title: 'Maximum duration', help: 'How long a handover may stay open at all.' })
  @Matches(/[1-9]/, { message: 'must be longer than 0' })
  maxDuration?: string;

  @Nested(() => CopilotConfig)
  @IfPresent()
  @IsObject({ message: 'must be a mapping' })
  @ValidateNested({ message: 'must be a mapping' })
  copilot?: CopilotConfig;

  @Nested(() => EndpointConfig)
  @IfPresent()
  @IsObject({ message: 'must be a mapping' })
  @ValidateNested({ message: 'must be a mapping' })
  endpoint?: EndpointConfig;

  @Nested(() => AttachmentsConfig)
  @IfPresent()
  @IsObject({ message: 'must be a mapping' })
  @ValidateNested({ message: 'must be a mapping' })
  attachments?: AttachmentsConfig;
}

const MIN_RETENTION_MS = 3_600_000;
const MAX_RETENTION_MS = 3_650 * 24 * 3_600_000;

function isRetention(value: unknown): boolean {
  return !isDuration(value) || (durationMs(value) >= MIN_RETENTION_MS && durationMs(value) <= MAX_RETENTION_MS);
}

/** How long is kept what is only looked up. */
export class RetentionConfig {
  /** Events of contact centres once they are settled. They also tell repeated deliveries, so they stay for a while at least. */
  @Setting({ type: 'duration', title: 'Inbox', help: 'How long settled events are kept.' })
  @ValidateBy({
    name: 'isRetention',
    validator: {
      validate: isRetention,
      defaultMessage: () => 'must be from 1h to 3650d: by what is kept, a repeated webhook is known',
    },
  })
  inbox: string = '7d';

  /** Files of handovers that are over. */
  @Setting({ type: 'duration', title: 'Attachments', help: 'How long files are kept.' })
  @ValidateBy({
    name: 'isRetention',
    validator: { validate: isRetention, defaultMessage: () => 'must be from 1h to 3650d' },
  })
  attachments: string = '30d';

  /** Handovers that are over, with all that is theirs. Unset: for ever. */
  @Setting({
    type: 'duration',
    title: 'Handovers',
    help: 'How long handovers are kept after their end; for ever unless set.',
  })
  @IfPresent()
  @ValidateBy({
    name: 'isRetention',
    validator: { validate: isRetention, defaultMessage: () => 'must be from 1h to 3650d' },
  })
  handovers?: string;
}
