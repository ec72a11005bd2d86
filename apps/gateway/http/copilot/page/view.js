import { adaptiveCard } from './card.js';
import { element } from './dom.js';

const ADAPTIVE_CARD = 'application/vnd.microsoft.card.adaptive';

const DETAILS = [
  ['Name', 'name'],
  ['E-mail', 'email'],
  ['Phone', 'phone'],
  ['Company', 'company'],
  ['Language', 'language'],
  ['Customer id', 'customerId'],
  ['Case', 'caseId'],
];

const STATUS = {
  requested: () => 'Being handed over',
  queued: ({ queue }) => `Waiting${queue ? ` in ${queue.name ?? `queue ${queue.id}`}` : ''}`,
  active: ({ agent }) => `With ${agent?.name ?? 'an agent'}`,
  completed: () => 'Ended',
  cancelled: () => 'Ended before an agent joined',
  failed: () => 'Could not be handed over',
};

/** Shows who the customer is and where the handover stands. */
export function showHandover(handover, { name, status, details }) {
  const { user } = handover;
  name.textContent = user.name ?? 'Customer';
  document.title = `${name.textContent} – Agent copilot`;
  status.textContent = STATUS[handover.status]?.(handover) ?? handover.status;
  status.dataset.status = handover.status;
  status.hidden = false;
  const pairs = [
    ...DETAILS.map(([label, field]) => [label, user[field]]),
    ...Object.entries(user.properties ?? {}),
    ['User', handover.userId],
    ['Session', handover.sessionId],
  ].filter(([, value]) => value);
  details.replaceChildren(
    ...pairs.map(([label, value]) =>
      element('div', {}, element('dt', { dir: 'auto' }, label), element('dd', { dir: 'auto' }, value)),
    ),
  );
}

/** The transcript by sequence. A message that comes again replaces itself; scrolls along unless the agent has scrolled up. */
export class Transcript {
  constructor(list) {
    this.list = list;
    this.nodes = new Map();
    this.handover = null;
  }

  clear() {
    this.nodes.clear();
    this.list.replaceChildren();
  }

  /** The customer's name, and where the handover begins. */
  update(handover) {
    this.handover = handover;
    for (const { node, message } of this.nodes.values()) node.replaceWith(this.place(message));
    this.divide();
  }

  add(messages) {
    const isAtEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    for (const message of messages) {
      const earlier = this.nodes.get(message.sequence)?.node;
      const node = this.place(message);
      if (earlier) earlier.replaceWith(node);
      else this.list.insertBefore(node, this.after(message.sequence));
    }
    this.divide();
    if (isAtEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  place(message) {
    const node = messageNode(message, this.handover?.user.name);
    this.nodes.set(message.sequence, { node, message });
    return node;
  }

  /** The node before which a message of this sequence belongs. */
  after(sequence) {
    let found = null;
    for (const node of [...this.list.querySelectorAll('[data-sequence]')].reverse()) {
      if (Number(node.dataset.sequence) < sequence) break;
      found = node;
    }
    return found;
  }

  divide() {
    this.list.querySelector('.divider')?.remove();
    if (!this.handover || this.nodes.size === 0) return;
    const { transcriptLength, createdAt } = this.handover;
    const line = element(
      'li',
      { className: 'divider', data: { testid: 'divider' } },
      'Handed over ',
      timeNode(createdAt),
    );
    const next = this.after(transcriptLength + 1);
    if (this.nodes.has(transcriptLength) || this.nodes.has(transcriptLength + 1)) this.list.insertBefore(line, next);
  }
}

function messageNode({ sequence, author, text, attachments, cards, status, at }, customer) {
  const names = { user: customer ?? 'Customer', bot: 'Bot', agent: author.name ?? 'Agent', system: 'System' };
  const data = { testid: 'message', author: author.type, sequence };
  const node = element('li', { className: `message ${author.type}`, data });
  node.append(element('p', { className: 'who', dir: 'auto' }, names[author.type] ?? author.type, ' ', timeNode(at)));
  if (text !== null) node.append(element('p', { className: 'plain said', dir: 'auto' }, text));
  for (const { filename } of attachments) node.append(element('p', { className: 'said file' }, `File: ${filename}`));
  for (const { contentType, content } of cards)
    node.append(
      contentType === ADAPTIVE_CARD
        ? element('div', { className: 'said card prose' }, ...adaptiveCard(content))
        : element('p', { className: 'quiet' }, 'A card that is not shown here'),
    );
  if (status === 'failed') node.append(element('p', { className: 'failed' }, 'Not delivered'));
  return node;
}

function timeNode(at) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return element(
    'time',
    { dateTime: at, title: date.toLocaleString() },
    isToday ? time : `${date.toLocaleDateString()} ${time}`,
  );
}
