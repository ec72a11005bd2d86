import { IsBoolean, IsInt, IsObject, Matches, Max, Min, ValidateBy, ValidateNested } from 'class-validator';
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

/** Where the agent finds help about the conversation. */
export class CopilotConfig {
  @Setting({ type: 'url', title: 'Base URL', help: 'The start of the link.', required: true })
  baseUrl: string;

  @Setting({ type: 'string', title: 'URL token', help: 'Added to the link.', required: true, secret: true })
  urlToken: string;
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

  @Nested(() => CopilotConfig)
  @IfPresent()
  @IsObject({ message: 'must be a mapping' })
  @ValidateNested({ message: 'must be a mapping' })
  copilot?: CopilotConfig;
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
}
