import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a contact centre could not show of a message. Only adds. */
export class Conversion0007 implements MigrationInterface {
  readonly name = 'Conversion1764000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE message ADD COLUMN conversion jsonb`);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
