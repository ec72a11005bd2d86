import { common } from '../../jest.config.js';

/** Apart from the other suites, which all run with `npm test`: a soak takes as long as it is told. */
export default { ...common, rootDir: '../..', testMatch: ['<rootDir>/test/faults/*.soak-spec.ts'] };
