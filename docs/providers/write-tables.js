import { readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';
import { withTables } from '../../dist/libs/providers/eight-by-eight/docs.js';

/** Writes the tables of the 8x8 page anew; `npm run docs:settings` builds first. */
const page = new URL('eight-by-eight.md', import.meta.url);
writeFileSync(page, withTables(readFileSync(page, 'utf8')));
