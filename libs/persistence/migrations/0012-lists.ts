import type { QueryRunner } from 'typeorm';
import type { Migration } from '../migrator.js';

/**
 * Since when all of a provider is to be looked at, and when each handover was; and an index for each filter of each list. Only adds.
 */
export class Lists0012 implements Migration {
  readonly name = 'Lists1764000000012';

  readonly concurrently = [
    {
      name: 'handover_inspected',
      on: `handover (provider, inspected_at) WHERE conversation_id IS NOT NULL AND status IN ('requested', 'queued', 'active')`,
    },
    { name: 'handover_bot_user', on: 'handover (bot, user_id, id)' },
    { name: 'handover_bot_session', on: 'handover (bot, session_id, id)' },
    { name: 'handover_bot_status', on: 'handover (bot, status, id)' },
    { name: 'handover_bot_provider', on: 'handover (bot, provider, id)' },
    { name: 'inbox_conversation', on: 'inbox (conversation_id, id) WHERE conversation_id IS NOT NULL' },
    { name: 'inbox_handover', on: 'inbox (handover_id, id) WHERE handover_id IS NOT NULL' },
    { name: 'inbox_status', on: `inbox (status, id) WHERE status <> 'applied'` },
    { name: 'dead_letter_handover', on: 'dead_letter (handover_id, id)' },
    { name: 'dead_letter_target', on: 'dead_letter (status, target, id)' },
    { name: 'dead_letter_direction', on: 'dead_letter (status, direction, id)' },
    { name: 'attachment_handover', on: 'attachment (handover_id)' },
  ];

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE handover ADD COLUMN inspected_at timestamptz NOT NULL DEFAULT now();
      ALTER TABLE provider ADD COLUMN inspect_since timestamptz NOT NULL DEFAULT '-infinity';
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
