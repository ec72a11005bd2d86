import { WebhookRejected, type ProviderEvent, type ProviderFact } from '#contract';
import { idAt, ignored, parseJson, textAt } from '#provider-kit';
import { definition } from './definition.js';

/**
 * The facts in a webhook's body. Pure. What is not understood is `ignored`.
 * @param prefix what goes before the vendor's id of a conversation
 * @throws {WebhookRejected} `invalid` when it is no event at all
 */
export function mapEvent(body: Buffer, prefix: string): ProviderEvent[] {
  const event = parseJson(body);
  const type = textAt(event, 'type');
  if (type === null)
    throw new WebhookRejected('invalid', `the body is no event of ${definition.title}: it has no type`);
  // To do: where an event names its conversation, whose id is to be what `start` returns, its time, and the handover's id if `start`
  // could leave it there.
  const id = idAt(event, 'conversation');
  const conversation = id === null ? '' : prefix + id;
  return factsOf(type).map((fact) => ({ conversation, at: null, ...fact }));
}

/** To do: the facts of each event that Sample Vendor documents. An agent's leaving is no end, and a note is no message. */
function factsOf(type: string): ProviderFact[] {
  switch (type) {
    default:
      return [ignored(`${type.slice(0, 100)} events are of no interest`)];
  }
}
