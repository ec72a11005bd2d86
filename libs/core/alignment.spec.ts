import { describe, expect, it } from '@jest/globals';
import type { ListedMessage } from '#contract';
import { align, type KnownMessage } from './alignment.js';

const NOON = Date.parse('2026-11-25T12:00:00Z');

const listed = (id: string, text: string | null, at: number, author: 'agent' | 'system' = 'agent'): ListedMessage => ({
  type: 'message',
  id,
  author,
  agent: null,
  text,
  cards: [],
  attachments: [],
  at: NOON + at,
});
const known = (id: string, text: string | null, at: number, remoteId: string | null = null): KnownMessage => ({
  id,
  author: 'agent',
  text,
  at: NOON + at,
  remoteId,
});
const idsOf = (messages: { id: string }[]): string[] => messages.map(({ id }) => id);

describe('messages that a contact centre lists', () => {
  it('are missing where the transcript has none of them, in the order of the list', () => {
    const list = [listed('a', 'Hello', 0), listed('b', 'ok', 0), listed('c', 'Bye', 5_000)];
    expect(idsOf(align(list, []).missing)).toEqual(['a', 'b', 'c']);
  });

  it('are counted where texts are equal, and not just looked up', () => {
    const list = [listed('a', 'ok', 0), listed('b', 'ok', 30_000), listed('c', 'ok', 60_000)];
    const { missing, recognised } = align(list, [known('1', 'ok', 30_200), known('2', 'ok', 60_100)]);
    expect(idsOf(missing)).toEqual(['a']);
    expect(recognised).toEqual([
      { id: '1', remoteId: 'b' },
      { id: '2', remoteId: 'c' },
    ]);
  });

  it('are the same as events that came in another order', () => {
    const list = [listed('a', 'one', 0), listed('b', 'two', 1_000), listed('c', 'three', 2_000)];
    expect(align(list, [known('3', 'three', 2_000), known('1', 'one', 0), known('2', 'two', 1_000)]).missing).toEqual(
      [],
    );
  });

  it('are known by their id alone where that is known, whatever they say', () => {
    const list = [listed('a', 'edited', 0), listed('b', 'ok', 0)];
    expect(idsOf(align(list, [known('1', 'ok', 0, 'a')]).missing)).toEqual(['b']);
  });

  it('are no other message that was said before and is known by its id', () => {
    expect(idsOf(align([listed('b', 'ok', 600_000)], [known('1', 'ok', 0, 'a')]).missing)).toEqual(['b']);
  });

  it('are the same though events go by quite another clock', () => {
    const list = [listed('a', 'one', 0), listed('b', 'two', 1_000), listed('c', 'one', 2_000)];
    const { missing } = align(list, [known('1', 'one', -9e9), known('2', 'two', -9e9 + 1)]);
    expect(missing.map(({ text }) => text)).toEqual(['one']);
  });

  it('are the same though line ends, blanks and seconds differ', () => {
    const { missing } = align([listed('a', 'one\r\ntwo ', -900)], [known('1', ' one\ntwo', 0)]);
    expect(missing).toEqual([]);
  });

  it('are the same as an event of that moment though the list writes the text in another way', () => {
    const { missing } = align([listed('a', 'a &amp; b', 0), listed('b', 'later', 60_000)], [known('1', 'a & b', 400)]);
    expect(idsOf(missing)).toEqual(['b']);
  });

  it('are not what somebody else said', () => {
    expect(idsOf(align([listed('a', 'ok', 0, 'system')], [known('1', 'ok', 0)]).missing)).toEqual(['a']);
  });

  it('count among each other where they have no text', () => {
    const list = [listed('a', null, 0), listed('b', null, 20_000)];
    expect(idsOf(align(list, [known('1', null, 0)]).missing)).toEqual(['b']);
  });
});

/** A small generator, so that a failure can be repeated by its seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

it.each(Array.from({ length: 200 }, (_, seed) => seed + 1))(
  'whatever was lost is found, each as often as it was said, seed %i',
  (seed) => {
    const random = randomOf(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const texts = ['ok', 'ok', 'yes', 'One moment please', 'Bye'];
    let at = 0;
    const list = Array.from({ length: 1 + below(60) }, (_, index) => {
      at += below(20_000);
      return listed(`r${index}`, texts[below(texts.length)]!, at);
    });
    const lost = list.filter(() => random() < 0.4);
    const arrived = list
      .filter((message) => !lost.includes(message))
      .map((message) => known(`m${message.id}`, message.text, message.at - NOON + below(1_500)))
      .map((message) => (random() < 0.3 ? { ...message, remoteId: message.id.slice(1) } : message))
      .map((message) => [random(), message] as const)
      .sort(([a], [b]) => a - b)
      .map(([, message]) => message);
    // A list tells seconds only.
    const inSeconds = list.map((message) => ({ ...message, at: Math.floor(message.at / 1_000) * 1_000 }));
    const { missing, recognised } = align(inSeconds, arrived);
    expect(missing.map(({ text }) => text).sort()).toEqual(lost.map(({ text }) => text).sort());
    expect(missing.map(({ at: time }) => time)).toEqual(missing.map(({ at: time }) => time).toSorted((a, b) => a - b));
    expect(new Set(recognised.map(({ remoteId }) => remoteId)).size).toBe(recognised.length);
    // Once the ids are known nothing is missing but what was.
    const named = arrived.map((message) => ({
      ...message,
      remoteId: message.remoteId ?? recognised.find(({ id }) => id === message.id)!.remoteId,
    }));
    expect(align(inSeconds, named).missing).toEqual(missing);
  },
);
