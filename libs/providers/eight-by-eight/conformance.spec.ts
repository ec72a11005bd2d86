import { conformance } from '#testkit';
import { eightByEightHarness } from './fixtures/harness.js';

conformance(eightByEightHarness);
