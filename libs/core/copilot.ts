import type { CopilotOptions } from './provider-options.js';

/**
 * The link by which the agent opens the copilot of a session, or null where the provider has none. It holds the URL token, so
 * it is for the contact centre only: never for the bot, the log or the database.
 */
export function copilotUrl(
  copilot: CopilotOptions | null,
  { sessionId, userId }: { sessionId: string; userId: string },
): string | null {
  if (!copilot) return null;
  const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());
  return `${copilot.baseUrl}/?userId=${encoded(userId)}&sessionId=${encoded(sessionId)}&URLToken=${encoded(copilot.urlToken)}`;
}

export const TILE_KINDS = ['text', 'keyValue', 'links', 'suggestedReply', 'adaptiveCard'] as const;
export type TileKind = (typeof TILE_KINDS)[number];

/** Tiles that one handover may have. */
export const MAX_TILES = 50;

/** What a bot shows to the agent beside the conversation. */
export interface TileInput {
  kind: TileKind;
  title: string;
  /** Columns of the page's grid, 1 to 3. */
  width: number;
  /** What the kind adds: JSON, checked before. */
  content: Record<string, unknown>;
}

export interface Tile extends TileInput {
  key: string;
  /** Another one after every change, also when a tile goes and comes back. */
  revision: string;
  createdAt: Date;
  updatedAt: Date;
}

/** What a put came to; of the last two nothing was stored. */
export type PutTile = { tile: Tile; isNew: boolean } | 'final' | 'full';

/** Tiles, and the handover that a copilot link means. */
export interface CopilotStore {
  /** The newest handover of a session and user with one of these providers; null when there is none. */
  newestHandover(session: { sessionId: string; userId: string }, providers: string[]): Promise<string | null>;
  /** Stores a tile or replaces the one of its key. At most `MAX_TILES` a handover, also when many are put at once. */
  putTile(handoverId: string, key: string, input: TileInput): Promise<PutTile>;
  /** False when the handover is final. Removing what is not there is done already. */
  removeTile(handoverId: string, key: string): Promise<boolean>;
  /** In the order in which they were first put; with `keys` only those. */
  tiles(handoverId: string, keys?: string[]): Promise<Tile[]>;
  /** The revision of every tile, in the same order: what is needed to see that something has changed. */
  tileRevisions(handoverId: string): Promise<Pick<Tile, 'key' | 'revision'>[]>;
}
