import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

/**
 * Writes the reference of the provider contract from its docstrings: `npm run docs:contract`. With `--check` it writes nothing, and
 * fails where the page is not as it would write it.
 */
const CONTRACT = new URL('../../libs/contract/', import.meta.url);
const PAGE = new URL('contract.md', import.meta.url);
/** The files in the order in which an author meets them. */
const TOPICS = {
  'provider.ts': 'Provider and session',
  'events.ts': 'What a contact centre reports',
  'errors.ts': 'Errors',
  'settings.ts': 'Settings',
  'registration.ts': 'Registration and webhooks',
  'inspection.ts': 'Looking into a conversation',
  'files.ts': 'Files',
  'check.ts': 'Checking an account',
  'split-text.ts': 'Long texts',
  'adaptive-card.ts': 'Cards',
  'duration.ts': 'Durations',
  'within.ts': 'Time-outs',
  'validation.ts': 'Validation',
};

const unknown = readdirSync(CONTRACT).filter((file) => !(file in TOPICS) && !/(\.spec|^index)\.ts$/.test(file));
if (unknown.length > 0) throw new Error(`Give ${unknown.join(', ')} a title in TOPICS.`);

const page = await format(
  [
    '# The contract of a provider',
    'Written from the docstrings of `libs/contract` by `npm run docs:contract`. [Add a contact centre](write-one.md) says where to begin.',
    ...Object.entries(TOPICS).flatMap(([file, title]) => [`## ${title}`, ...topic(file)]),
  ].join('\n\n'),
  { ...(await resolveConfig(PAGE)), parser: 'markdown' },
);
if (!process.argv.includes('--check')) writeFileSync(PAGE, page);
else if (readFileSync(PAGE, 'utf8') !== page) {
  process.stderr.write('docs/providers/contract.md is not what the docstrings say: run "npm run docs:contract".\n');
  process.exitCode = 1;
}

function topic(file) {
  const text = readFileSync(new URL(file, CONTRACT), 'utf8');
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
    .filter((member) => member.name || ts.isConstructorDeclaration(member))
    .map((member) => item(member, source));
  return [heading, docOf(statement), members.join('\n')];
}

/** A member of an interface or a class, in a line. */
function item(member, source) {
  const doc = docOf(member).replaceAll(/\n+/g, ' ');
  return `- \`${head(member, source)}\`${doc ? `: ${doc}` : ''}`;
}

/** The declaration without what it does. */
function head(node, source) {
  const end = node.body ? node.body.getStart(source) : node.end;
  return source.text
    .slice(node.getStart(source), end)
    .replace(/^export /, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/;\s*$/, '')
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
  return [ts.getTextOfJSDocComment(doc.comment) ?? '', ...tags].join(' ').replaceAll('..', '.').trim();
}
