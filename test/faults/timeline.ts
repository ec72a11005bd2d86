import { eventOf, webhookOf, type Evidence } from './evidence.js';
import type { Finding } from './auditor.js';
import type { Exchange, WireFault } from './wire.js';

type Entry = { at: number; line: string };

/** The findings, each handover's with all that both sides saw of it, in order of time. No header and no key is in it. */
export function report(findings: Finding[], all: Evidence[]): string {
  const ids = [...new Set(findings.map(({ handoverId }) => handoverId))];
  return ids
    .map((id) => {
      const own = findings.filter(({ handoverId }) => handoverId === id);
      const evidence = all.find(({ handoverId, name }) => handoverId === id || name === id);
      return [
        `handover ${id}${evidence ? `, ${evidence.name}` : ''}`,
        ...own.map(({ rule, detail }) => `  DEVIATION ${rule}: ${detail}`),
        ...(evidence ? timeline(evidence) : []),
      ].join('\n');
    })
    .join('\n\n');
}

/** All that was seen of a handover, a line each. */
export function timeline(evidence: Evidence): string[] {
  const { requests, webhooks, calls, deliveries, disturbances, said, logged } = evidence;
  const entries: Entry[] = [
    ...logged,
    ...disturbances.flatMap(({ at, until, what }) => [
      { at, line: `*** ${what}` },
      ...(until < Infinity ? [{ at: until, line: `*** over: ${what}` }] : []),
    ]),
    ...said.map(({ at, text }) => ({ at, line: `agent says "${text}"` })),
    ...requests
      .filter(({ method }) => method !== 'GET')
      .map((one) => entry(one, `bot -> gateway ${one.method} ${tail(one.path)} ${texts(one.body)}`)),
    ...calls.map((one) => entry(one, `gateway -> 8x8 ${one.method} ${tail(one.path)} ${texts(one.body)}`)),
    ...webhooks.map((one) => {
      const { eventType, data } = webhookOf(one);
      const what = [data?.text, data?.state, data?.memberType, data?.change].filter(Boolean).join(' ');
      return entry(one, `8x8 -> gateway ${eventType} ${what}, retry ${one.headers['x-8x8-retry'] as string}`);
    }),
    ...deliveries.map((one) => {
      const { type, data } = eventOf(one);
      return entry(one, `gateway -> bot ${data.sequence ?? '-'} ${type} ${data.message?.text ?? ''}`);
    }),
  ];
  return entries.sort((a, b) => a.at - b.at).map(({ at, line }) => `  ${time(at)} ${line}`);
}

function entry({ at, doneAt, target, effect, status, fault }: Exchange, what: string): Entry {
  const took = doneAt === null ? 'unanswered' : `${doneAt - at} ms`;
  const spoiled = fault ? `, fault ${nameOf(fault)}, effect ${effect ?? 'none'}` : '';
  return { at, line: `${what} [${target ?? 'nobody'}] => ${status ?? 'no answer'} (${took}${spoiled})` };
}

function nameOf(fault: WireFault): string {
  return Object.values(fault)
    .filter((value) => typeof value !== 'object')
    .join(' ');
}

function texts(body: string): string {
  return [...body.matchAll(/"text":("(?:[^"\\]|\\.)*")/g)].map(([, text]) => text).join(' ');
}

/** The path without what all paths have in common. */
function tail(path: string): string {
  return path.replace(/^\/(chat-gateway\/)?v1/, '').replaceAll(/[\w-]{20,}/g, '…');
}

function time(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}
