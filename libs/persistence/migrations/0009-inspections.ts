import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When an open handover is compared with what the contact centre says, and which of its messages are known there by which id. Only adds. */
export class Inspections0009 implements MigrationInterface {
  readonly name = 'Inspections1764000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE handover ADD COLUMN inspect_at timestamptz, ADD COLUMN settled_until timestamptz;
      ALTER TABLE handover ALTER COLUMN inspect_at SET DEFAULT now();
      UPDATE handover SET inspect_at = now() WHERE status IN ('requested', 'queued', 'active');
      CREATE INDEX handover_inspect ON handover (provider, inspect_at)
        WHERE conversation_id IS NOT NULL AND status IN ('requested', 'queued', 'active');

      ALTER TABLE provider ADD COLUMN inspect_after timestamptz NOT NULL DEFAULT '-infinity';

      ALTER TABLE message ADD COLUMN remote_id text;
      CREATE UNIQUE INDEX message_remote_id ON message (handover_id, remote_id) WHERE remote_id IS NOT NULL;
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
