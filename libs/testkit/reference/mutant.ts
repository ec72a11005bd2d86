import type { OutboundMessage } from '#contract';
import type { ProviderHarness } from '../harness.js';
import { parleyHarness } from './harness.js';
import { ParleyProvider } from './provider.js';
import type { ParleySession } from './session.js';
import type { FakeParley } from './vendor.js';

type Send = ParleySession['send'];

/** A provider that is wrong in one way, and the rules that must notice. */
export interface Mutant {
  wrong: string;
  breaks: string[];
  /** Makes a provider wrong that was right. */
  change(provider: ParleyProvider): void;
  /** What else is different about the vendor's webhooks. */
  proof?: ProviderHarness['webhooks']['proof'];
  /** What is wrong with the fake. */
  vendor?(fake: FakeParley): void;
}

/** The harness of a provider that is wrong in this way. */
export function harnessOf({ change, proof = parleyHarness.webhooks.proof, vendor: spoil }: Mutant): ProviderHarness {
  const vendor: ProviderHarness['vendor'] = (account) => {
    const fake = parleyHarness.vendor(account) as FakeParley;
    spoil?.(fake);
    return fake;
  };
  const provider = (): ParleyProvider => {
    const made = new ParleyProvider();
    change(made);
    return made;
  };
  return { ...parleyHarness, provider, vendor, webhooks: { ...parleyHarness.webhooks, proof } };
}

/** A change of every session that a provider opens. */
export function sessions(change: (session: ParleySession) => void) {
  return (provider: ParleyProvider): void => {
    const open = provider.open.bind(provider);
    provider.open = (settings, context) => {
      const session = open(settings, context);
      change(session);
      return session;
    };
  };
}

/** A change of how messages are sent. */
export const sending = (change: (id: string, message: OutboundMessage, send: Send) => Promise<void>) =>
  sessions((session) => {
    const send = session.send.bind(session);
    session.send = (id, message) => change(id, message, send);
  });

/** A change of the definition. */
export function definitions(change: Partial<ParleyProvider['definition']>) {
  return (provider: ParleyProvider): void => {
    provider.definition = { ...provider.definition, ...change };
  };
}
