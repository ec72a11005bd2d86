import { ApiProperty } from '@nestjs/swagger';
import { NEXT } from '../handovers/handovers.views.js';

const OBJECT = { type: 'object', additionalProperties: true } as const;

export class IgnoredView {
  @ApiProperty({ example: 'another tenant' })
  reason: string;
  @ApiProperty({ example: 3 })
  count: number;
  @ApiProperty({ format: 'date-time' })
  lastAt: string;
}

export class ProviderView {
  @ApiProperty({ example: 'support-8x8' })
  name: string;
  @ApiProperty({ example: 'eightByEight', description: 'One of the provider types.' })
  type: string;
  @ApiProperty({ ...OBJECT, description: 'As configured. Secrets are shown as `••••`.' })
  settings: Record<string, unknown>;
  @ApiProperty({ ...OBJECT, description: 'What handovers start from.' })
  defaults: Record<string, unknown>;
  @ApiProperty({
    ...OBJECT,
    description: 'What holds for any type: inactivity, waiting, copilot and so on. Secrets are shown as `••••`.',
  })
  options: Record<string, unknown>;
  @ApiProperty({ description: 'False once it was taken out of the configuration: no new handovers, open ones go on.' })
  enabled: boolean;
  @ApiProperty({ description: 'Declared by the configuration file, and read-only through the API.' })
  provisioned: boolean;
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      "The tenant that the contact centre has confirmed as the account's, where the settings name none; null while it has not. A change of the settings lets it go.",
  })
  pinnedTenant: string | null;
  @ApiProperty({
    type: () => IgnoredView,
    isArray: true,
    description: 'Events that concerned no handover, by reason, since this replica started; the most frequent first.',
  })
  ignoredEvents: IgnoredView[];
}

export class ProviderPage {
  @ApiProperty({ type: () => ProviderView, isArray: true })
  data: ProviderView[];
  @ApiProperty(NEXT)
  next: string | null;
}

export class FindingView {
  @ApiProperty({ enum: ['ok', 'warning', 'error'] })
  level: 'ok' | 'warning' | 'error';
  @ApiProperty({ example: 'channel-webhook', description: 'What was checked; the same from version to version.' })
  check: string;
  @ApiProperty({ description: 'What was seen.' })
  message: string;
  @ApiProperty({ type: String, nullable: true, description: 'What to do about it; null when there is nothing to do.' })
  action: string | null;
}

export class TestView {
  @ApiProperty({ description: 'Nothing of level `error` was found.' })
  ok: boolean;
  @ApiProperty({ type: () => FindingView, isArray: true })
  findings: FindingView[];
}
