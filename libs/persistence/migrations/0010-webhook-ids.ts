import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The id that a bot knows an event by. Events from before, and those of older replicas, have none: theirs follows from the handover
 * and the number. Only adds.
 */
export class WebhookIds0010 implements MigrationInterface {
  readonly name = 'WebhookIds1764000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE event ADD COLUMN webhook_id text`);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
