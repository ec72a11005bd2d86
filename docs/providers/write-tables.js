import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';
import { emptyPage, tablesOf, withTables } from '../../dist/libs/testkit/provider-page.js';

/** Writes the tables of each provider's page anew, and the page where there is none; `npm run docs:settings` builds first. */
const providers = new URL('../../dist/libs/providers/', import.meta.url);
for (const folder of readdirSync(providers)) {
  const optional = async (file) => (existsSync(new URL(file, providers)) ? import(new URL(file, providers)) : {});
  const tables = tablesOf({
    ...(await optional(`${folder}/settings.js`)),
    ...(await optional(`${folder}/doctor/checks.js`)),
  });
  const { definition } = await optional(`${folder}/definition.js`);
  const page = new URL(`${folder}.md`, import.meta.url);
  writeFileSync(
    page,
    withTables(existsSync(page) ? readFileSync(page, 'utf8') : emptyPage(definition?.title ?? folder, tables), tables),
  );
}
