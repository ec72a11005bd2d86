import type { HandoverEvent } from '#core';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** `body` is text, not JSON: what is signed must be the same bytes on every try. */
@Entity('event')
export class EventEntity implements HandoverEvent {
  @PrimaryColumn('text', { name: 'handover_id' }) handoverId: string;
  @PrimaryColumn('integer') sequence: number;
  @Column('text') type: HandoverEvent['type'];
  @Column('text') body: string;
  @Column('text', { name: 'webhook_id', nullable: true }) webhookId: string | null;
}
