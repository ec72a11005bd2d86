import type { QueryRunner } from 'typeorm';
import type { Migration } from '../migrator.js';

/**
 * Whose lane it is, so that the lanes of a target are dealt out by bot. Only adds: an older version leaves the bot empty, and goes on
 * with its own index.
 */
export class LanesByBot0011 implements Migration {
  readonly name = 'LanesByBot1764000000011';
  readonly concurrently = [
    { name: 'lane_waiting', on: 'lane (direction, target, bot, least(attempts, 4), due_at) WHERE owner IS NULL' },
  ];

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE lane ADD COLUMN IF NOT EXISTS bot text NOT NULL DEFAULT ''`);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
