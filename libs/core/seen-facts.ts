import type { Agent, Inspection } from '#contract';
import { addFact, standingOf, type Fact, type Lifecycle, type Standing } from './lifecycle.js';

type SeenFact = Omit<Fact, 'at' | 'arrival'>;

/**
 * Adds what an inspection saw and no event has told. It is later than everything known when it was asked for, whatever the clocks say.
 * @returns what was added
 */
export function addSeen(
  lifecycle: Lifecycle,
  inspection: Inspection,
  askedAt: Date,
  isOver: boolean,
  endGraceMs: number,
): SeenFact[] {
  const { standing } = standingOf(lifecycle, endGraceMs);
  const asOf = inspection.at ?? askedAt.getTime();
  // A list may show an agent for a moment longer: of a leaving that was told just now the event knows better.
  const hasJustLeft = ({ id }: Agent): boolean => {
    const last = lifecycle.facts.findLast(({ kind, agent }) => kind.startsWith('agent.') && agent?.id === id);
    return last?.kind === 'agent.left' && asOf - last.at <= endGraceMs;
  };
  const agents = inspection.agents?.filter((agent) => !hasJustLeft(agent)) ?? null;
  const seen = { ...inspection, agents };
  const where = isOver ? [theEnd(inspection)] : whereItWaits(lifecycle, standing, seen);
  const facts = [...(isOver ? [] : wasLetGo(standing, seen)), ...whoIsIn(standing, agents), ...where];
  const at = Math.max(asOf, lifecycle.baseAt + 1, (lifecycle.facts.at(-1)?.at ?? 0) + 1);
  const arrival = Math.max(0, ...lifecycle.facts.map((fact) => fact.arrival)) + 0.5;
  for (const fact of facts) addFact(lifecycle, { ...fact, at, arrival, seen: true }, endGraceMs);
  return facts;
}

function whoIsIn(standing: Standing, agents: Agent[] | null): SeenFact[] {
  if (agents === null) return [];
  const gone = standing.present.filter(({ id }) => !agents.some((agent) => agent.id === id));
  const come = agents.filter(({ id }) => !standing.present.some((agent) => agent.id === id));
  return [
    ...gone.map((agent): SeenFact => ({ kind: 'agent.left', agent })),
    ...come.map((agent): SeenFact => ({ kind: 'agent.joined', agent })),
  ];
}

/** The last agents are gone, and it waits for the next one: a transfer, of which the leaving is a part. */
function wasLetGo(standing: Standing, seen: Inspection): SeenFact[] {
  const isLeft = standing.present.length > 0 || standing.leaving;
  return isLeft && isWaiting(standing, seen) ? [{ kind: 'transferred' }] : [];
}

function isWaiting({ present }: Standing, { state, agents, waits }: Inspection): boolean {
  return state === 'open' && waits === true && (agents ?? present).length === 0;
}

/**
 * Where the contact centre does not say whether it waits, only a change counts. When the last agent leaves, a conversation may still be assigned to the queue that it came from: that is a
 * sign of a transfer only where the contact centre had said that it was assigned to no queue any more.
 */
function whereItWaits(lifecycle: Lifecycle, standing: Standing, seen: Inspection): SeenFact[] {
  const { state, agents, queue } = seen;
  if (state !== 'open' || queue === null || (agents ?? standing.present).length > 0) return [];
  const isBetweenQueues = standing.waiting && !standing.queueIsCurrent;
  const isReassigned = standing.everJoined && !standing.waiting && lifecycle.facts.some(isAssignedToNoQueue);
  const isLetGo = wasLetGo(standing, seen).length > 0;
  const isKnown = standing.confirmed && !isBetweenQueues && !isReassigned && !isLetGo;
  return isKnown && standing.queue?.id === queue.id ? [] : [{ kind: 'queued', queue }];
}

function isAssignedToNoQueue({ kind, queue }: Fact): boolean {
  return kind === 'assigned' && queue === null;
}

function theEnd({ state }: Inspection): SeenFact {
  return { kind: state === 'open' ? 'user.left' : 'idle' };
}

/**
 * An event that comes late tells what an inspection saw before: the bot knows. The fact that was seen stays, as it is true of a later
 * time; should it come to matter by itself again, the bot is told then.
 */
export function wasSeenBefore(fact: Fact, all: Fact[], effective: Fact[]): boolean {
  const seen = all.find(
    (other) =>
      other.seen &&
      other.told &&
      other.kind === fact.kind &&
      other.agent?.id === fact.agent?.id &&
      !effective.includes(other),
  );
  if (seen) delete seen.told;
  return seen !== undefined;
}
