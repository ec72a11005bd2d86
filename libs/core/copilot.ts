import { createHmac } from 'node:crypto';
import type { CopilotOptions } from './provider-options.js';

/**
 * The link by which the agent opens the copilot of a handover, or null where the provider has none. It holds a secret, so it is for the
 * contact centre only: never for the bot, the log or the database. On the gateway's own page it opens this handover and no other; a page
 * of the operator's gets the URL token itself.
 */
export function copilotUrl(
  copilot: CopilotOptions | null,
  { id, sessionId, userId }: { id: string; sessionId: string; userId: string },
): string | null {
  if (!copilot) return null;
  const { baseUrl, builtIn, urlToken } = copilot;
  const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());
  const token = builtIn ? linkToken(urlToken, id) : urlToken;
  return `${baseUrl}/?userId=${encoded(userId)}&sessionId=${encoded(sessionId)}&URLToken=${encoded(token)}`;
}

/** How long a handover's link opens the gateway's own page after its end, in milliseconds. */
export const LINK_OUTLIVES_MS = 3_600_000;

const LINK_TOKEN = /^(ho_[0-9a-f]{32})\.[A-Za-z0-9_-]{43}$/;

/** What stands in the link of one handover: its id, and what only who knows the URL token can make of it. */
export function linkToken(urlToken: string, handoverId: string): string {
  const mac = createHmac('sha256', urlToken).update(`copilot link ${handoverId}`).digest('base64url');
  return `${handoverId}.${mac}`;
}

/** The handover that a link's token names, whether rightly or not; null for what cannot be such a token. */
export function handoverOfLink(token: string): string | null {
  return LINK_TOKEN.exec(token)?.[1] ?? null;
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

export interface CopilotStore {
  /** Stores a tile or replaces the one of its key. At most `MAX_TILES` a handover, also when many are put at once. */
  putTile(handoverId: string, key: string, input: TileInput): Promise<PutTile>;
  /** False when the handover is final. Removing what is not there is done already. */
  removeTile(handoverId: string, key: string): Promise<boolean>;
  /** In the order in which they were first put; with `keys` only those. */
  tiles(handoverId: string, keys?: string[]): Promise<Tile[]>;
  /** The revision of every tile, in the same order: what is needed to see that something has changed. */
  tileRevisions(handoverId: string): Promise<Pick<Tile, 'key' | 'revision'>[]>;
}
