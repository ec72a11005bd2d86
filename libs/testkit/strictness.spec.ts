import { expect, it } from '@jest/globals';
import { parleyHarness } from './reference/harness.js';
import { prove } from './rule.js';
import { RULES } from './rules/index.js';
import { Strictness } from './strictness.js';

const ruleOf = (name: string) => RULES.flatMap(({ rules }) => rules).find((rule) => rule.name === name)!;

async function reportAfter(...names: string[]): Promise<string[]> {
  const strictness = new Strictness();
  const harness = strictness.watching(parleyHarness);
  for (const name of names) await prove(ruleOf(name), harness);
  return strictness.report();
}

const lineOf = (report: string[], what: string): string => report.find((line) => line.startsWith(what)) ?? '';

it('says nothing where nothing was called', async () => {
  expect(await reportAfter('an unknown event is ignored, with a reason')).toEqual([]);
});

it('says what a fake never refused, never paged and never sent twice, and what never failed', async () => {
  const report = await reportAfter('send brings the words of user and bot, told apart and in order', 'the time of an event is one that can be, in milliseconds, or null'); // prettier-ignore
  expect(lineOf(report, 'never called')).toContain('GET /queues');
  expect(lineOf(report, 'never refused a call')).toBe('never refused a call: POST /chats, POST /chats/:id/messages');
  expect(lineOf(report, 'never failed')).toBe('never failed by the suite: POST /chats, POST /chats/:id/messages');
  expect(lineOf(report, 'events never sent twice')).toBe('events never sent twice: 12 of 12');
});

it('takes out what was refused, failed and sent twice', async () => {
  const report = await reportAfter(
    'the fake refuses what proves another account',
    'an answer 400 is invalid',
    'the same event has the same key each time it comes, and another one has another',
    'findStarted finds a conversation by its handover, and no other',
  );
  expect(lineOf(report, 'never refused a call')).not.toMatch(/POST \/chats(,|$)/);
  expect(lineOf(report, 'never failed')).not.toContain('POST /chats/:id/messages');
  expect(lineOf(report, 'events never sent twice')).toBe('');
  // Two handovers that are looked for are two queries of one list.
  expect(lineOf(report, 'lists that never')).not.toContain('GET /chats,');
});
