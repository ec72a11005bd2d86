import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What holds for a provider whatever its type: inactivity, waiting, copilot, endpoint, attachments. Only adds. */
export class ProviderOptions0003 implements MigrationInterface {
  readonly name = 'ProviderOptions1764000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE provider ADD COLUMN options jsonb NOT NULL DEFAULT '{}'`);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
