import { HANDOVER_STATUSES, MAX_TILES, type CopilotStore, type PutTile, type Tile, type TileInput } from '#core';
import type { DataSource, EntityManager } from 'typeorm';
import { transact } from '../conflict.js';

const OPEN = `('${HANDOVER_STATUSES.slice(0, 3).join("', '")}')`;
const COLUMNS = `key, kind, title, width, content, revision, created_at AS "createdAt", updated_at AS "updatedAt"`;

/** Tiles in PostgreSQL. They go with their handover. */
export class PgCopilotStore implements CopilotStore {
  constructor(private readonly source: DataSource) {}

  async putTile(handoverId: string, key: string, { kind, title, width, content }: TileInput): Promise<PutTile> {
    return this.whileOpen<PutTile>(handoverId, 'final', async (manager) => {
      const others = await manager.query<{ key: string }[]>(
        `SELECT key FROM copilot_tile WHERE handover_id = $1 AND key <> $2`,
        [handoverId, key],
      );
      if (others.length >= MAX_TILES) return 'full';
      const [row] = await manager.query<(Tile & { isNew: boolean })[]>(
        `INSERT INTO copilot_tile (handover_id, key, kind, title, width, content) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (handover_id, key) DO UPDATE SET kind = excluded.kind, title = excluded.title, width = excluded.width,
           content = excluded.content, revision = DEFAULT, updated_at = now()
         RETURNING ${COLUMNS}, xmax = 0 AS "isNew"`,
        [handoverId, key, kind, title, width, JSON.stringify(content)],
      );
      const { isNew, ...tile } = row!;
      return { tile, isNew };
    });
  }

  async removeTile(handoverId: string, key: string): Promise<boolean> {
    return this.whileOpen(handoverId, false, async (manager) => {
      await manager.query(`DELETE FROM copilot_tile WHERE handover_id = $1 AND key = $2`, [handoverId, key]);
      return true;
    });
  }

  async tiles(handoverId: string, keys?: string[]): Promise<Tile[]> {
    return this.source.query<Tile[]>(
      `SELECT ${COLUMNS} FROM copilot_tile WHERE handover_id = $1 AND ($2::text[] IS NULL OR key = ANY($2)) ORDER BY created_at, key`,
      [handoverId, keys ?? null],
    );
  }

  async tileRevisions(handoverId: string): Promise<Pick<Tile, 'key' | 'revision'>[]> {
    return this.source.query<Pick<Tile, 'key' | 'revision'>[]>(
      `SELECT key, revision FROM copilot_tile WHERE handover_id = $1 ORDER BY created_at, key`,
      [handoverId],
    );
  }

  /** Does the work while the handover stays open and nobody else changes its tiles; `otherwise` when it is over. */
  private whileOpen<T>(handoverId: string, otherwise: T, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return transact(this.source, async (manager) => {
      const [open] = await manager.query<object[]>(
        `SELECT 1 FROM handover WHERE id = $1 AND status IN ${OPEN} FOR NO KEY UPDATE`,
        [handoverId],
      );
      return open ? work(manager) : otherwise;
    });
  }
}
