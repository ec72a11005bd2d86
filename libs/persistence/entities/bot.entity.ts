import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('bot')
export class BotEntity {
  @PrimaryColumn('text') name: string;
  /** SHA-256 of the key, hex. The key itself is nowhere. */
  @Column('text', { name: 'key_hash' }) keyHash: string;
  @Column('text', { name: 'callback_url', nullable: true }) callbackUrl: string | null;
  /** `user:password` of the callback URL, sealed; null where it needs none. */
  @Column('text', { name: 'callback_credentials', nullable: true }) callbackCredentials: string | null;
  @Column('text', { name: 'callback_secret', nullable: true }) callbackSecret: string | null;
  @Column('boolean') enabled: boolean;
  @Column('boolean') provisioned: boolean;
  /** The callback URL that answered 410 Gone; no deliveries go to it until it changes. */
  @Column('text', { name: 'gone_url', nullable: true }) goneUrl: string | null;
  /** Names of the only providers it may use; null: all. */
  @Column('text', { array: true, nullable: true }) providers: string[] | null;
}
