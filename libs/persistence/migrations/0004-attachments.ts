import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Files of both sides, in pieces. Only adds. */
export class Attachments0004 implements MigrationInterface {
  readonly name = 'Attachments1764000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE attachment (
        id text PRIMARY KEY,
        handover_id text NOT NULL,
        filename text NOT NULL,
        content_type text,
        size integer,
        status text NOT NULL DEFAULT 'partial' CHECK (status IN ('partial', 'complete', 'failed')),
        error text,
        -- A message names it.
        named boolean NOT NULL DEFAULT false,
        -- Message -> the contact centre's id: a file is brought there for each message that names it.
        remote_ids jsonb NOT NULL DEFAULT '{}',
        -- The event that it came with, and its place in it.
        inbox_id bigint,
        position integer,
        -- Who fetches it.
        owner uuid,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX attachment_arrival ON attachment (inbox_id, position) WHERE inbox_id IS NOT NULL;
      CREATE INDEX attachment_unnamed ON attachment (created_at) WHERE NOT named;

      -- The foreign key keeps out what somebody still writes who has lost the file to another.
      CREATE TABLE attachment_chunk (
        attachment_id text NOT NULL REFERENCES attachment ON DELETE CASCADE,
        sequence integer NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (attachment_id, sequence)
      );
      -- Most files are compressed already.
      ALTER TABLE attachment_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
