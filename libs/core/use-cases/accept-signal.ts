import { Refusal, unsupported } from '../errors.js';
import { isFinal, type Handover } from '../handover.js';
import type { ProviderInstance } from '../provider-registry.js';

/** What is true for a moment only: shown to the agent at once or not at all, never stored and never tried again. */
export type Signal =
  { kind: 'typing'; author: 'user' | 'bot' } | { kind: 'thinking'; maxSeconds: number } | { kind: 'read'; at: Date };

const WORDS: Record<Signal['kind'], string> = {
  typing: 'that somebody is typing',
  thinking: 'that the bot prepares something',
  read: 'what was read',
};

/** @throws {Refusal} `conflict` when the handover is over, or (with `reason: "unsupported"`) its contact centre does not show such a signal */
export function acceptSignal(handover: Handover, kind: Signal['kind'], provider: ProviderInstance | undefined): void {
  if (isFinal(handover))
    throw new Refusal('conflict', `The handover is ${handover.status}; no agent is there any more.`);
  if (provider && !provider.session[kind])
    throw unsupported(`This contact centre does not show its agents ${WORDS[kind]}.`);
}
