import type { Agent, Customer, Queue } from '#contract';
import type { EndReason, Handover, HandoverError, Incoming, Lifecycle } from '#core';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A row is a handover as the core knows it, and when it needs attention next. */
@Entity('handover')
export class HandoverEntity implements Handover {
  @PrimaryColumn('text') id: string;
  @Column('text') bot: string;
  @Column('text') provider: string;
  @Column('text', { name: 'session_id' }) sessionId: string;
  @Column('text', { name: 'user_id' }) userId: string;
  @Column('jsonb') user: Customer;
  @Column('jsonb') settings: Record<string, unknown>;
  @Column('json', { nullable: true }) metadata: unknown;
  @Column('text') status: Handover['status'];
  @Column('text', { name: 'conversation_id', nullable: true }) conversationId: string | null;
  @Column('timestamptz', { name: 'bound_at', nullable: true }) boundAt: Date | null;
  @Column('jsonb', { nullable: true }) queue: Queue | null;
  @Column('jsonb', { nullable: true }) agent: Agent | null;
  @Column('jsonb', { nullable: true }) error: HandoverError | null;
  @Column('text', { name: 'end_reason', nullable: true }) endReason: EndReason | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'queued_at', nullable: true }) queuedAt: Date | null;
  @Column('timestamptz', { name: 'active_at', nullable: true }) activeAt: Date | null;
  @Column('timestamptz', { name: 'ended_at', nullable: true }) endedAt: Date | null;
  @Column('text', { nullable: true }) closing: EndReason | null;
  @Column('json') lifecycle: Lifecycle;
  @Column('jsonb', { nullable: true }) incoming: Incoming | null;
  @Column('timestamptz', { name: 'wake_at', nullable: true }) wakeAt: Date | null;
  @Column('integer', { name: 'transcript_length' }) transcriptLength: number;
  @Column('integer', { name: 'message_sequence' }) messageSequence: number;
  @Column('integer', { name: 'event_sequence' }) eventSequence: number;
  @Column('integer', { name: 'command_sequence' }) commandSequence: number;
}
