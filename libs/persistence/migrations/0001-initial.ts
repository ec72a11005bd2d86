import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Initial0001 implements MigrationInterface {
  readonly name = 'Initial1764000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE bot (
        name text PRIMARY KEY,
        key_hash text NOT NULL UNIQUE,
        callback_url text,
        callback_secret text,
        enabled boolean NOT NULL,
        provisioned boolean NOT NULL,
        gone_url text
      );

      CREATE TABLE provider (
        name text PRIMARY KEY,
        type text NOT NULL,
        settings jsonb NOT NULL,
        defaults jsonb NOT NULL,
        enabled boolean NOT NULL,
        provisioned boolean NOT NULL,
        pinned_tenant text
      );

      CREATE TABLE handover (
        id text PRIMARY KEY,
        bot text NOT NULL REFERENCES bot,
        provider text NOT NULL REFERENCES provider,
        session_id text NOT NULL,
        user_id text NOT NULL,
        "user" jsonb NOT NULL,
        settings jsonb NOT NULL,
        metadata json,
        status text NOT NULL CHECK (status IN ('requested', 'queued', 'active', 'completed', 'cancelled', 'failed')),
        conversation_id text,
        bound_at timestamptz,
        queue jsonb,
        agent jsonb,
        error jsonb,
        end_reason text,
        created_at timestamptz NOT NULL,
        queued_at timestamptz,
        active_at timestamptz,
        ended_at timestamptz,
        closing text,
        lifecycle jsonb NOT NULL,
        wake_at timestamptz,
        transcript_length integer NOT NULL,
        message_sequence integer NOT NULL,
        event_sequence integer NOT NULL
      );
      CREATE UNIQUE INDEX handover_open_session ON handover (bot, session_id) WHERE status IN ('requested', 'queued', 'active');
      CREATE UNIQUE INDEX handover_conversation ON handover (provider, conversation_id) WHERE conversation_id IS NOT NULL;
      CREATE INDEX handover_unbound ON handover (provider) WHERE conversation_id IS NULL;
      CREATE INDEX handover_wake ON handover (wake_at) WHERE wake_at IS NOT NULL;
      CREATE INDEX handover_bot ON handover (bot, id);

      CREATE TABLE message (
        id text PRIMARY KEY,
        handover_id text NOT NULL REFERENCES handover ON DELETE CASCADE,
        sequence integer NOT NULL,
        author jsonb NOT NULL,
        text text,
        attachments jsonb NOT NULL,
        cards jsonb NOT NULL,
        status text NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
        error text,
        at timestamptz NOT NULL,
        UNIQUE (handover_id, sequence)
      );

      CREATE TABLE event (
        handover_id text NOT NULL REFERENCES handover ON DELETE CASCADE,
        sequence integer NOT NULL,
        type text NOT NULL,
        body text NOT NULL,
        PRIMARY KEY (handover_id, sequence)
      );

      CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        handover_id text NOT NULL REFERENCES handover ON DELETE CASCADE,
        direction text NOT NULL CHECK (direction IN ('provider', 'bot')),
        kind text NOT NULL CHECK (kind IN ('start', 'message', 'update', 'end', 'event')),
        message_id text REFERENCES message ON DELETE CASCADE,
        event_sequence integer,
        payload jsonb,
        status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
        attempts integer NOT NULL DEFAULT 0,
        uncertain boolean NOT NULL DEFAULT false,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        last_error text,
        created_at timestamptz NOT NULL DEFAULT now(),
        settled_at timestamptz
      );
      CREATE INDEX outbox_pending ON outbox (handover_id, direction, id) WHERE status = 'pending';
      CREATE INDEX outbox_failed ON outbox (id) WHERE status = 'failed';

      CREATE TABLE replica (
        id uuid PRIMARY KEY,
        seen_at timestamptz NOT NULL
      );

      CREATE TABLE lane (
        handover_id text NOT NULL REFERENCES handover ON DELETE CASCADE,
        direction text NOT NULL,
        owner uuid NOT NULL,
        PRIMARY KEY (handover_id, direction)
      );

      CREATE TABLE inbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        source text NOT NULL,
        key text NOT NULL,
        type text NOT NULL,
        providers text[] NOT NULL,
        tenant text,
        conversation_id text NOT NULL,
        handover_hint text,
        handover_id text,
        body bytea NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'parked', 'applied', 'ignored', 'dead')),
        reason text,
        UNIQUE (source, key)
      );
      CREATE INDEX inbox_open ON inbox (conversation_id, source, id) WHERE status IN ('pending', 'parked');

      CREATE TABLE idempotency_key (
        bot text NOT NULL,
        scope text NOT NULL,
        key text NOT NULL,
        fingerprint text NOT NULL,
        answer json,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (bot, scope, key)
      );
      CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
    `);
  }

  /** Forward only: going back is restoring a backup. */
  async down(): Promise<void> {
    throw new Error('Migrations run forward only.');
  }
}
