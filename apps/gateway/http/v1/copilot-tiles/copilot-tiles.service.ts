import { isFinal, MAX_TILES, Refusal, type PutTile, type Tile, type TileInput } from '#core';
import { Injectable } from '@nestjs/common';
import { Runtime } from '../../../runtime/runtime.js';
import type { Principal } from '../../auth.guard.js';
import { botOf, HandoversService } from '../handovers/handovers.service.js';

const KEY = /^[A-Za-z0-9._-]{1,64}$/;

/** What bots may do with the tiles of their handovers. Operators read them. */
@Injectable()
export class CopilotTilesService {
  constructor(
    private readonly handovers: HandoversService,
    private readonly runtime: Runtime,
  ) {}

  async list(caller: Principal, handoverId: string): Promise<Tile[]> {
    await this.handovers.find(caller, handoverId);
    return this.runtime.copilot.tiles(handoverId);
  }

  /** @throws {Refusal} `not_found` */
  async read(caller: Principal, handoverId: string, key: string): Promise<Tile> {
    await this.handovers.find(caller, handoverId);
    const [tile] = await this.runtime.copilot.tiles(handoverId, [key]);
    if (!tile) throw new Refusal('not_found', `The handover has no tile "${key}".`);
    return tile;
  }

  /** @throws {Refusal} `conflict` when nobody would see it: no page of the gateway's, or the handover is over; or with too many */
  async put(
    caller: Principal,
    handoverId: string,
    key: string,
    input: TileInput,
  ): Promise<Extract<PutTile, { tile: Tile }>> {
    botOf(caller);
    if (!KEY.test(key))
      throw new Refusal('invalid', "The tile's key must have 1 to 64 letters, digits, dots, hyphens and underscores.");
    const handover = await this.handovers.find(caller, handoverId);
    if (isFinal(handover)) throw over();
    if (!this.runtime.registry.get(handover.provider)?.options.copilot?.builtIn)
      throw new Refusal('conflict', 'The provider has no copilot page: its `copilot.builtIn` is not set.', [], {
        reason: 'unsupported',
      });
    const outcome = await this.runtime.copilot.putTile(handoverId, key, input);
    if (outcome === 'final') throw over();
    if (outcome === 'full')
      throw new Refusal('conflict', `A handover may have ${MAX_TILES} tiles. Replace or remove one.`);
    this.runtime.changes.notify(handoverId);
    return outcome;
  }

  /** Safe to repeat. @throws {Refusal} `conflict` when the handover is over */
  async remove(caller: Principal, handoverId: string, key: string): Promise<void> {
    botOf(caller);
    await this.handovers.find(caller, handoverId);
    if (!(await this.runtime.copilot.removeTile(handoverId, key))) throw over();
    this.runtime.changes.notify(handoverId);
  }
}

function over(): Refusal {
  return new Refusal('conflict', 'The handover is over; its tiles stay as they are.');
}
