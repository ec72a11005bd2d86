import type * as chatwoot from '../../apps/simulator/chatwoot/index.js';
import type * as chatwootViews from '../../apps/simulator/chatwoot/views.js';
import type * as gateway from '../../apps/gateway/gateway.js';
import type * as simulator from '../../apps/simulator/index.js';
import type * as checks from '../../libs/providers/eight-by-eight/doctor/checks.js';
import type * as setups from '../../libs/providers/eight-by-eight/setup/index.js';
import type * as core from '#core';
import type * as delivery from '#delivery';
import type * as persistence from '#persistence';
import type * as telemetry from '#telemetry';

type Built = typeof chatwoot &
  typeof chatwootViews &
  typeof gateway &
  typeof simulator &
  typeof checks &
  typeof setups &
  typeof core &
  typeof delivery &
  typeof persistence &
  typeof telemetry;

/** What the tests work with, as it was built; `built-environment.js` puts it here. */
export const {
  applyEvent,
  ChatwootSimulator,
  CHECKS,
  createLogger,
  DEFAULT_ACCOUNT,
  DEFAULT_TENANT,
  Housekeeping,
  linkToken,
  LiveChannel,
  messageEvent,
  migrateDatabase,
  openAccount,
  openDatabase,
  PgDeadLetterStore,
  PgHandoverStore,
  PgHousekeepingStore,
  PgInboxStore,
  PgLaneStore,
  Receiver,
  setup,
  Simulator,
  smoke,
  startEmbeddedPostgres,
  startGateway,
  startHandover,
  teardown,
} = (globalThis as unknown as { handoverBuilt: Built }).handoverBuilt;

export type ChatwootSimulator = chatwoot.ChatwootSimulator;
export type Housekeeping = delivery.Housekeeping;
export type LiveChannel = persistence.LiveChannel;
export type PgHandoverStore = persistence.PgHandoverStore;
export type PgInboxStore = persistence.PgInboxStore;
export type Receiver = setups.Receiver;
export type Simulator = simulator.Simulator;
