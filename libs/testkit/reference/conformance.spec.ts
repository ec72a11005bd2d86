import { conformance } from '../conformance.js';
import { parleyHarness } from './harness.js';

conformance(parleyHarness);
