import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A configured connection to a contact centre account. Secrets among the settings are sealed one by one. */
@Entity('provider')
export class ProviderEntity {
  @PrimaryColumn('text') name: string;
  @Column('text') type: string;
  @Column('jsonb') settings: Record<string, unknown>;
  @Column('jsonb') defaults: Record<string, unknown>;
  /** As the configuration has them; the copilot's tokens are sealed. */
  @Column('jsonb') options: Record<string, unknown>;
  @Column('boolean') enabled: boolean;
  @Column('boolean') provisioned: boolean;
  /** The tenant that the contact centre confirmed, where the settings name none. */
  @Column('text', { name: 'confirmed_tenant', nullable: true }) pinnedTenant: string | null;
}
