import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which providers a bot may use, all where it says nothing, and the password of its callback. Only adds. */
export class BotProviders0017 implements MigrationInterface {
  readonly name = 'BotProviders1764000000017';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE bot ADD COLUMN providers text[], ADD COLUMN callback_credentials text`);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
