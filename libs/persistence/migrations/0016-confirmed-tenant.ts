import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ConfirmedTenant0016 implements MigrationInterface {
  readonly name = 'ConfirmedTenant1764000000016';

  async up(runner: QueryRunner): Promise<void> {
    // Beside `pinned_tenant`, which replicas of an earlier version go on writing by the word of events.
    await runner.query(`ALTER TABLE provider ADD COLUMN IF NOT EXISTS confirmed_tenant text`);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
