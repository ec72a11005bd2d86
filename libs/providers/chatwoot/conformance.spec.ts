import { conformance } from '#testkit';
import { chatwootHarness } from './fixtures/harness.js';

conformance(chatwootHarness);
