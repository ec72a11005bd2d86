import { WebhookRejected, type ProviderEvent, type ProviderFact } from 'handover-gateway/contract';
import {
  at,
  idAt,
  ignored,
  listAt,
  nameAt,
  namedAt,
  parseJson,
  textAt,
  timeOf,
  urlAt,
} from 'handover-gateway/provider-kit';

/**
 * The facts in a webhook's body. Pure. What is not understood is `ignored`.
 * @throws {WebhookRejected} `invalid` when it is no event at all
 */
export function mapEvent(body: Buffer): ProviderEvent[] {
  const event = parseJson(body);
  const type = textAt(event, 'type');
  if (type === null) throw new WebhookRejected('invalid', 'the body is no event of Echo Desk: it has no type');
  const handoverId = idAt(event, 'reference');
  const about = { conversation: idAt(event, 'chat') ?? '', at: timeOf(at(event, 'at')) };
  const facts = about.conversation === '' ? [ignored('an event of no chat')] : factsOf(type, event);
  return facts.map((fact) => ({ ...about, ...(handoverId === null ? {} : { handoverId }), ...fact }));
}

function factsOf(type: string, event: unknown): ProviderFact[] {
  const agent = namedAt(event, 'agent');
  const queue = namedAt(event, 'queue');
  switch (type) {
    case 'chat.opened':
      return [{ type: 'created' }];
    case 'chat.queued':
      return queue ? [{ type: 'queued', queue }] : [ignored('queued without a queue')];
    case 'chat.transferred':
      return [{ type: 'transferred' }];
    case 'agent.joined':
      return agent ? [{ type: 'agent.joined', agent }] : [ignored('joined without an agent')];
    case 'agent.left':
      return agent ? [{ type: 'agent.left', agent }] : [ignored('left without an agent')];
    case 'agent.typing':
      return [{ type: 'typing', typing: at(event, 'typing') === true, agent }];
    case 'customer.left':
      return [{ type: 'user.left' }];
    case 'chat.closed':
      return [{ type: 'idle' }];
    case 'message.created':
      return [messageOf(at(event, 'message'))];
    default:
      return [ignored(`${type.slice(0, 100)} events are of no interest`)];
  }
}

/** A message of a webhook or of a list. Only what an agent says openly is meant for the user. */
export function messageOf(message: unknown): ProviderFact {
  if (at(message, 'author') !== 'agent') return ignored('not written by an agent');
  if (at(message, 'internal') !== false) return ignored('an internal note');
  const [id, text, agent] = [idAt(message, 'id'), textAt(message, 'text'), namedAt(message, 'agent')];
  const attachments = listAt(message, 'files').flatMap((file) => {
    const [fileId, url] = [idAt(file, 'id'), urlAt(file, 'url')];
    if (fileId === null || url === null) return [];
    return [{ id: fileId, url, filename: nameAt(file, 'name') ?? 'file', contentType: nameAt(file, 'type') }];
  });
  if (id === null || (text === null && attachments.length === 0)) return ignored('an empty message');
  return { type: 'message', id, author: 'agent', agent, text, cards: [], attachments };
}
