import { audit, type Finding, type Rule } from './auditor.js';
import type { Cluster } from './cluster.js';
import { gather } from './evidence.js';
import { mutatedBuild } from './mutated-build.js';
import { MUTATIONS, type Mutation, type MutationName } from './mutations.js';
import { Random } from './random.js';
import { Stage } from './stage.js';
import { Talk } from './talk.js';
import { report } from './timeline.js';

/** Plays one talk in which exactly one mechanism is needed. */
export type Scenario = (stage: Stage, talk: Talk) => Promise<void>;

/** What came out of a scenario: the findings, and their timelines for people. */
export interface Outcome {
  findings: Finding[];
  text: string;
  /** By scenario: what was found of its handovers. */
  found: Record<string, Rule[]>;
}

/** Plays scenarios one after the other on one stage and audits them. What does not happen within the limit becomes a finding. */
export async function play(
  cluster: Cluster,
  scenarios: Record<string, Scenario>,
  options: { mutations?: MutationName[]; replicas?: number; limitMs?: number; before?: string[] } = {},
): Promise<Outcome> {
  const { mutations = [], replicas = 2, limitMs = 30_000, before } = options;
  const mutant = together(mutations.map((name) => MUTATIONS[name]));
  const build = mutations.length > 0 ? mutatedBuild(mutant) : null;
  const stage = await Stage.start(cluster, { replicas, root: build?.root, before, sql: mutant.sql });
  try {
    const talks: Talk[] = [];
    for (const [name, scenario] of Object.entries(scenarios)) {
      const talk = new Talk(stage, name, new Random(talks.length), Date.now() + limitMs);
      talks.push(talk);
      await scenario(stage, talk).catch((error: Error) => talk.stuck.push(error.message));
      stage.vendor.decide = () => null;
      stage.callback.decide = () => null;
      stage.fleet.front.decide = () => null;
    }
    const evidence = await gather(
      stage,
      talks.flatMap((talk) => [talk, ...talk.companions]),
    );
    const findings = audit(evidence);
    const of = (talk: Talk): Rule[] =>
      [talk, ...talk.companions].flatMap(({ handoverId, name }) =>
        findings.filter((one) => [handoverId, name].includes(one.handoverId)).map(({ rule }) => rule),
      );
    const found = Object.fromEntries(talks.map((talk) => [talk.name, of(talk)]));
    return { findings, text: report(findings, evidence), found };
  } finally {
    await stage.stop();
    build?.remove();
  }
}

export function texts(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${what} ${index + 1}`);
}

/** @throws {Error} when the scenario did not come to what it is for: then its result means nothing */
export function provoked(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(`the scenario did not provoke what it is for: ${otherwise}`);
}

/** @throws {Error} with all that was seen, when the auditor has not found what had to happen in each scenario */
export function mustFind({ found, text }: Outcome, wanted: Record<string, Rule[]>): void {
  const missed = Object.entries(wanted).flatMap(([name, rules]) =>
    rules.filter((rule) => !found[name]?.includes(rule)).map((rule) => `${name}: ${rule}`),
  );
  if (missed.length > 0) throw new Error(`the auditor did not find: ${missed.join(', ')}\n${text}`);
}

/** Mutations that do not meet in one scenario. A start of the gateway costs more than most scenarios. */
function together(mutations: Mutation[]): Required<Mutation> {
  return {
    replacements: mutations.flatMap(({ replacements }) => replacements),
    sql: mutations.flatMap(({ sql }) => sql ?? []),
  };
}
