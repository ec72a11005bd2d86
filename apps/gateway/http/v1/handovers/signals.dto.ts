import { ApiProperty } from '@nestjs/swagger';
import { Choice, Flag, Time, Whole } from '../../fields.js';

export class TypingDto {
  @Flag({ description: 'Whether somebody types; `false` needs not be sent, the agent sees it end by itself.' })
  typing: boolean;
  @Choice({ of: ['user', 'bot'], optional: true, description: 'Who types; the user unless given.' })
  author?: 'user' | 'bot';
}

export class ThinkingDto {
  @Whole({ min: 1, max: 600, optional: true, description: 'For how many seconds at the most, 60 unless given.' })
  maxSeconds?: number;
}

export class ReadDto {
  @Time({ description: 'Everything up to this time was read.', example: '2026-11-23T10:00:00.000Z' })
  at: string;
}

export class SignalView {
  @ApiProperty({ enum: [true] })
  accepted: true;
}
