import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whose lane it is, so that the lanes of a target are dealt out by bot. Only adds: an older version leaves the bot empty, and goes on
 * with its own index.
 */
export class LanesByBot0011 implements MigrationInterface {
  readonly name = 'LanesByBot1764000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE lane ADD COLUMN IF NOT EXISTS bot text NOT NULL DEFAULT '';
      CREATE INDEX IF NOT EXISTS lane_waiting ON lane (direction, target, bot, least(attempts, 4), due_at) WHERE owner IS NULL;
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
