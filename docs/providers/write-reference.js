import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

/**
 * Writes the references from docstrings: `npm run docs:contract`. With `--check` it writes nothing, and fails where a page is not as it
 * would write it.
 */
const LIBS = new URL('../../libs/', import.meta.url);

/** Each page: its libraries, and of each its files in the order in which an author meets them. What is left out is named too. */
const PAGES = {
  'contract.md': {
    title: 'The contract of a provider',
    begin:
      'Written from the docstrings of `libs/contract` by `npm run docs:contract`. [Add a contact centre](write-one.md) says where to begin; [the kit](kit.md) has what vendors have in common.',
    topics: {
      'contract/provider.ts': 'Provider and session',
      'contract/events.ts': 'What a contact centre reports',
      'contract/errors.ts': 'Errors',
      'contract/settings.ts': 'Settings',
      'contract/registration.ts': 'Registration and webhooks',
      'contract/inspection.ts': 'Looking into a conversation',
      'contract/files.ts': 'Files',
      'contract/check.ts': 'Checking an account',
      'contract/split-text.ts': 'Long texts',
      'contract/adaptive-card.ts': 'Cards',
      'contract/duration.ts': 'Durations',
      'contract/within.ts': 'Time-outs',
      'contract/validation.ts': 'Validation',
    },
  },
  'kit.md': {
    title: 'The kit and the testkit of a provider',
    begin:
      'Written from the docstrings of `libs/provider-kit` and `libs/testkit` by `npm run docs:contract`. [Add a contact centre](write-one.md) says what is for what; [the contract](contract.md) is beneath both.',
    topics: {
      'provider-kit/vendor-api.ts': "Kit: calls of a vendor's API",
      'provider-kit/sequence.ts': 'Kit: several calls that are one operation',
      'provider-kit/refusal.ts': 'Kit: refusals',
      'provider-kit/gone.ts': 'Kit: what may be gone',
      'provider-kit/account.ts': 'Kit: accounts and their settings',
      'provider-kit/hmac.ts': 'Kit: signatures of webhooks',
      'provider-kit/link-secret.ts': "Kit: the copilot's link",
      'provider-kit/json.ts': 'Kit: reading JSON that nobody vouches for',
      'provider-kit/facts.ts': 'Kit: facts and findings',
      'provider-kit/reading.ts': 'Kit: reading lists back',
      'provider-kit/html.ts': 'Kit: HTML to text and back',
      'provider-kit/text-only.ts': 'Kit: messages where no cards are shown',
      'provider-kit/transcript-text.ts': 'Kit: what was said before, as one text',
      'provider-kit/webhook-controller.ts': 'Kit: the addresses of webhooks',
      'provider-kit/provider-module.ts': 'Kit: the module',
      'provider-kit/transport.ts': 'Kit: the transport beneath',
      'provider-kit/outbound.ts': 'Kit: the way out, by a proxy or without',
      'provider-kit/path.ts': 'Kit: paths',
      'testkit/harness.ts': 'Testkit: harness, fake and fixtures',
      'testkit/fake-http.ts': 'Testkit: the HTTP server of a fake',
      'testkit/conformance.ts': 'Testkit: the run',
      'testkit/rule.ts': 'Testkit: rules',
    },
    inner: ['provider-kit/upload-form.ts'],
    isWhole: ({ folder }) => folder !== 'testkit',
  },
};

for (const [file, { title, begin, topics, inner = [], isWhole = () => true }] of Object.entries(PAGES)) {
  const folders = new Set(Object.keys(topics).map((name) => name.split('/')[0]));
  for (const folder of [...folders].filter((one) => isWhole({ folder: one })))
    for (const name of readdirSync(new URL(`${folder}/`, LIBS)))
      if (
        name.endsWith('.ts') &&
        !/(\.spec|^index)\.ts$/.test(name) &&
        !(`${folder}/${name}` in topics) &&
        !inner.includes(`${folder}/${name}`)
      )
        throw new Error(`Give ${folder}/${name} a title in PAGES.`);
  const place = new URL(file, import.meta.url);
  const page = await format(
    [
      `# ${title}`,
      begin,
      ...Object.entries(topics).flatMap(([name, heading]) => [`## ${heading}`, ...topic(name)]),
    ].join('\n\n'),
    { ...(await resolveConfig(place)), parser: 'markdown' },
  );
  if (!process.argv.includes('--check')) writeFileSync(place, page);
  else if (readFileSync(place, 'utf8') !== page) {
    process.stderr.write(`docs/providers/${file} is not what the docstrings say: run "npm run docs:contract".\n`);
    process.exitCode = 1;
  }
}

function topic(file) {
  const text = readFileSync(new URL(file, LIBS), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return source.statements.filter(isExported).flatMap((statement) => section(statement, source));
}

function isExported(statement) {
  return (
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}

function section(statement, source) {
  if (ts.isVariableStatement(statement)) {
    const [{ name }] = statement.declarationList.declarations;
    return [`### \`${name.text}\``, docOf(statement), code(textOf(statement, source))];
  }
  const parents = (statement.heritageClauses ?? []).flatMap(({ types }) =>
    types.map((type) => `\`${type.getText(source)}\``),
  );
  const heading = `### \`${statement.name.text}\`${parents.length > 0 ? `, a ${parents.join(', ')}` : ''}`;
  if (ts.isFunctionDeclaration(statement)) return [heading, docOf(statement), code(head(statement, source))];
  if (ts.isTypeAliasDeclaration(statement)) return [heading, docOf(statement), code(textOf(statement, source))];
  const members = statement.members
    .filter((member) => (member.name || ts.isConstructorDeclaration(member)) && !isHidden(member))
    .map((member) => item(member, source));
  return [heading, docOf(statement), members.join('\n')];
}

/** What only the class itself sees. */
function isHidden(member) {
  const isPrivate = ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
  return isPrivate || (member.name && ts.isPrivateIdentifier(member.name));
}

/** A member of an interface or a class, in a line. */
function item(member, source) {
  const doc = docOf(member).replaceAll(/\n+/g, ' ');
  return `- \`${head(member, source)}\`${doc ? `: ${doc}` : ''}`;
}

/** The declaration without what it does. */
function head(node, source) {
  const body = node.body ?? (ts.isPropertyDeclaration(node) ? node.initializer : undefined);
  const end = body ? body.getStart(source) : node.end;
  return source.text
    .slice(node.getStart(source), end)
    .replace(/^export /, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/ = $|;\s*$/, '')
    .trim();
}

function textOf(node, source) {
  return source.text.slice(node.getStart(source), node.end).replace(/^export /, '');
}

function code(text) {
  return `\`\`\`ts\n${text}\n\`\`\``;
}

/** The docstring, its tags as sentences. */
function docOf(node) {
  const [doc] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  if (!doc) return '';
  const tags = (doc.tags ?? []).map((tag) => {
    const said = ts.getTextOfJSDocComment(tag.comment) ?? '';
    if (ts.isJSDocParameterTag(tag)) return `\`${tag.name.getText()}\`: ${said}.`;
    if (!ts.isJSDocThrowsTag(tag)) return `Returns ${said}.`;
    const type = tag.typeExpression ? `\`${tag.typeExpression.type.getText()}\`` : '';
    return `Throws ${[type, said].filter(Boolean).join(' ')}.`;
  });
  return [ts.getTextOfJSDocComment(doc.comment) ?? '', ...tags]
    .join(' ')
    .replaceAll(/\.\.(?=\s|$)/g, '.')
    .trim();
}
