import { register } from 'node:module';

/** Lets Node run the TypeScript of a checkout as it is: `node --conditions=source --import ./apps/run-fake/typescript.js`. */
register('./hooks.js', import.meta.url);
