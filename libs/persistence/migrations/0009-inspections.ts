import type { QueryRunner } from 'typeorm';
import type { Migration } from '../migrator.js';

/** When an open handover is compared with what the contact centre says, and which of its messages are known there by which id. Only adds. */
export class Inspections0009 implements Migration {
  readonly name = 'Inspections1764000000009';

  readonly concurrently = [
    {
      name: 'handover_inspect',
      on: `handover (provider, inspect_at) WHERE conversation_id IS NOT NULL AND status IN ('requested', 'queued', 'active')`,
    },
    { name: 'message_remote_id', on: 'message (handover_id, remote_id) WHERE remote_id IS NOT NULL', unique: true },
  ];

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The default holds for the rows that are there, too, and writes none of them.
      ALTER TABLE handover ADD COLUMN inspect_at timestamptz DEFAULT now(), ADD COLUMN settled_until timestamptz;
      ALTER TABLE provider ADD COLUMN inspect_after timestamptz NOT NULL DEFAULT '-infinity';
      ALTER TABLE message ADD COLUMN remote_id text;
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
