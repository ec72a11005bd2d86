import type { Card } from '#contract';
import type { Attachment, Conversion, Message, MessageStatus } from '#core';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('message')
export class MessageEntity implements Message {
  @PrimaryColumn('text') id: string;
  @Column('text', { name: 'handover_id' }) handoverId: string;
  @Column('integer') sequence: number;
  @Column('jsonb') author: Message['author'];
  @Column('text', { nullable: true }) text: string | null;
  @Column('jsonb') attachments: Attachment[];
  @Column('jsonb') cards: Card[];
  @Column('text') status: MessageStatus;
  @Column('text', { nullable: true }) error: string | null;
  @Column('jsonb', { nullable: true }) conversion: Conversion | null;
  @Column('timestamptz') at: Date;
}
