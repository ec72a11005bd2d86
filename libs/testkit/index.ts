/** What a provider's conformance spec needs. For specs, fixtures and `test/` only. */
export { conformance } from './conformance.js';
export { FakeHttp, type Answer, type Call, type Fault, type Route } from './fake-http.js';
export * from './harness.js';
export { prove, RuleBroken, type Rule } from './rule.js';
export { RULES } from './rules/index.js';
