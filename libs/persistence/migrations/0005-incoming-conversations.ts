import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Conversations that began in the contact centre: rows of `handover` with statuses of their own. Several rows may share one of the
 * contact centre's conversations, so what was unique is unique for each kind. Only widens: an older version works on beside it.
 */
export class IncomingConversations0005 implements MigrationInterface {
  readonly name = 'IncomingConversations1764000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE handover ADD COLUMN incoming jsonb;
      ALTER TABLE handover DROP CONSTRAINT handover_status_check;
      -- Whatever is there passed the narrower check.
      ALTER TABLE handover ADD CONSTRAINT handover_status_check CHECK (status IN
        ('requested', 'queued', 'active', 'completed', 'cancelled', 'failed', 'open', 'handed_over', 'ended')) NOT VALID;
      DROP INDEX handover_conversation;
      CREATE INDEX handover_conversation ON handover (conversation_id, provider) WHERE conversation_id IS NOT NULL;
      CREATE UNIQUE INDEX handover_own_conversation ON handover (conversation_id, provider)
        WHERE conversation_id IS NOT NULL AND incoming IS NULL;
      CREATE UNIQUE INDEX handover_incoming ON handover (conversation_id, provider) WHERE status IN ('open', 'handed_over');
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
