import { conformance } from '#testkit';
import { harness } from './fixtures/harness.js';

conformance(harness);
