import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What leaves the gateway is read from the numbered logs `event` and `command`; a row of `lane` says how far a handover's
 * log is done, and exists only while something is left to do. Breaks with schema 1: the outbox is gone.
 */
export class Lanes0002 implements MigrationInterface {
  readonly name = 'Lanes1764000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE schema_floor (oldest integer NOT NULL);
      INSERT INTO schema_floor VALUES (2);

      ALTER TABLE handover
        ADD COLUMN version integer NOT NULL DEFAULT 1,
        ADD COLUMN command_sequence integer NOT NULL DEFAULT 0,
        ALTER COLUMN lifecycle TYPE json USING lifecycle::json;
      ALTER TABLE handover SET (fillfactor = 70);
      DROP INDEX handover_unbound;
      DROP INDEX handover_conversation;
      CREATE UNIQUE INDEX handover_conversation ON handover (conversation_id, provider) WHERE conversation_id IS NOT NULL;

      -- These rows are written in the statement that changes their handover, so the check of a foreign key finds nothing.
      ALTER TABLE message DROP CONSTRAINT message_handover_id_fkey;
      ALTER TABLE event DROP CONSTRAINT event_handover_id_fkey;
      ALTER TABLE event ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();

      CREATE TABLE command (
        handover_id text NOT NULL,
        sequence integer NOT NULL,
        kind text NOT NULL CHECK (kind IN ('start', 'message', 'update', 'end')),
        message_id text,
        payload jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (handover_id, sequence)
      );

      DROP TABLE lane;
      CREATE TABLE lane (
        handover_id text NOT NULL,
        direction text NOT NULL CHECK (direction IN ('provider', 'bot')),
        target text NOT NULL,
        done integer NOT NULL,
        last integer NOT NULL,
        resend boolean NOT NULL DEFAULT false,
        owner uuid,
        due_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        uncertain boolean NOT NULL DEFAULT false,
        last_error text,
        PRIMARY KEY (handover_id, direction)
      ) WITH (fillfactor = 70);
      CREATE INDEX lane_due ON lane (direction, target, due_at) WHERE owner IS NULL;
      CREATE INDEX lane_owner ON lane (owner) WHERE owner IS NOT NULL;
      CREATE INDEX lane_unstarted ON lane (target) WHERE direction = 'provider' AND done = 0;

      CREATE TABLE dead_letter (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        handover_id text NOT NULL,
        direction text NOT NULL,
        target text NOT NULL,
        sequence integer NOT NULL,
        kind text NOT NULL,
        error text NOT NULL,
        status text NOT NULL DEFAULT 'failed' CHECK (status IN ('failed', 'resending', 'delivered')),
        failed_at timestamptz NOT NULL DEFAULT now(),
        delivered_at timestamptz,
        UNIQUE (handover_id, direction, sequence)
      );
      CREATE INDEX dead_letter_status ON dead_letter (status, id);

      INSERT INTO command (handover_id, sequence, kind, message_id, payload, created_at)
        SELECT handover_id, row_number() OVER (PARTITION BY handover_id ORDER BY id), kind, message_id, payload, created_at
        FROM outbox WHERE direction = 'provider';
      UPDATE handover h SET command_sequence = c.last
        FROM (SELECT handover_id, max(sequence) AS last FROM command GROUP BY 1) c WHERE c.handover_id = h.id;

      INSERT INTO lane (handover_id, direction, target, done, last, uncertain)
        SELECT o.handover_id, 'bot', h.bot, min(o.event_sequence) - 1, h.event_sequence, true
        FROM outbox o JOIN handover h ON h.id = o.handover_id
        WHERE o.direction = 'bot' AND o.status = 'pending' GROUP BY o.handover_id, h.bot, h.event_sequence;
      INSERT INTO lane (handover_id, direction, target, done, last, uncertain)
        SELECT o.handover_id, 'provider', h.provider, h.command_sequence - count(*), h.command_sequence, true
        FROM outbox o JOIN handover h ON h.id = o.handover_id
        WHERE o.direction = 'provider' AND o.status = 'pending' GROUP BY o.handover_id, h.provider, h.command_sequence;
      INSERT INTO dead_letter (handover_id, direction, target, sequence, kind, error, failed_at)
        SELECT o.handover_id, 'bot', h.bot, o.event_sequence, e.type, coalesce(o.last_error, ''), coalesce(o.settled_at, now())
        FROM outbox o JOIN handover h ON h.id = o.handover_id
          JOIN event e ON e.handover_id = o.handover_id AND e.sequence = o.event_sequence
        WHERE o.direction = 'bot' AND o.status = 'failed' ORDER BY o.id;
      DROP TABLE outbox;
      DELETE FROM replica;

      -- By the key first: all deliveries of an account have the same source.
      ALTER TABLE inbox DROP CONSTRAINT inbox_source_key_key, ADD CONSTRAINT inbox_source_key_key UNIQUE (key, source);
      ALTER TABLE inbox ADD COLUMN repeats integer NOT NULL DEFAULT 0;
      ALTER TABLE inbox ALTER COLUMN conversation_id DROP NOT NULL;
      DROP INDEX inbox_open;
      CREATE INDEX inbox_open ON inbox (conversation_id, id) WHERE status IN ('pending', 'parked');
      CREATE INDEX inbox_dead ON inbox (id) WHERE status = 'dead';
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
