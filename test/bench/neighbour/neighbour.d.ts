import type { Workbench } from '../workbench.js';

/** Milliseconds from asking for a thing until it is where it should be, and how many never got there. */
interface Watched {
  p50: number;
  p95: number;
  max: number;
  count: number;
  failed: number;
}

type Phase = Record<'start' | 'message' | 'callback', Watched>;

export interface Beset {
  before: Phase;
  during: Phase;
  /** Resident memory at its highest, in MiB. */
  highest: number;
  hasEnded: boolean;
  expected: number;
  accepted: number;
  wrong: string[];
  missing: string[];
  doubled: string[];
  disorder: string[];
}

export const ALLOWED: { factor: number; plusMs: number; mebibytes: number };
export function besetNeighbour(bench: Workbench, options: { seconds: number }): Promise<Beset>;
