import { isFinal, messageView, type Handover, type Message, type NewestOf, type Page } from '#core';
import type { Runtime } from '../../runtime/runtime.js';
import type { News } from '../../runtime/streams.js';
import { MESSAGES_AT_ONCE, messagesBefore } from './said-before.js';
import { tileView } from '../v1/copilot-tiles/copilot-tiles.views.js';

/**
 * What a page shows, then what changes of it, as server-sent events: `start`, `handover`, `messages`, `tiles`, and `end` once the
 * handover is final. Ends without `end` when the ticket expires, at `expiresAt` (epoch milliseconds).
 */
export async function* pageFrames(
  runtime: Runtime,
  handoverId: string,
  expiresAt: number,
  stop: AbortSignal,
  news: News,
): AsyncGenerator<string> {
  const wake = (): void => news.signal();
  const unsubscribe = runtime.changes.subscribe(handoverId, wake);
  const unwatch = runtime.streamPoll.watch(new WatchedPage(handoverId, wake));
  const feed = new PageFeed(runtime, handoverId);
  try {
    while (!stop.aborted && runtime.clock.now().getTime() < expiresAt) {
      const frames = await feed.next();
      for (let frame = frames.shift(); frame !== undefined; frame = frames.shift()) yield frame;
      if (feed.isOver) return;
      if (feed.isBehind) continue;
      let why = await news.next();
      while (why !== 'new' && !stop.aborted && runtime.clock.now().getTime() < expiresAt) {
        yield why;
        why = await news.next();
      }
    }
  } finally {
    unsubscribe();
    unwatch();
  }
}

/** What the page knows is compared as a whole; what it was told before the first look is told once more. */
class WatchedPage {
  private mark = '';

  constructor(
    readonly id: string,
    readonly wake: () => void,
  ) {}

  isBehind(newest: NewestOf | undefined): boolean {
    const mark = newest ? `${newest.version} ${newest.tiles}` : 'gone';
    const isBehind = mark !== this.mark;
    this.mark = mark;
    return isBehind;
  }
}

/** Compares what a page was told with what the database has now. */
class PageFeed {
  /** Nothing will change any more, and the page knows all of it. */
  isOver = false;
  /** There is more to tell at once. */
  isBehind = false;
  private isNew = true;
  private messages = 0;
  private events = 0;
  private handover = '';
  private tiles = new Map<string, string>();

  constructor(
    private readonly runtime: Runtime,
    private readonly handoverId: string,
  ) {}

  async next(): Promise<string[]> {
    const handover = await this.runtime.handovers.get(this.handoverId);
    if (!handover) {
      this.isOver = true;
      return [frame('end', {})];
    }
    const opening = this.isNew ? await this.opening(handover) : null;
    const frames = [
      ...(opening ? [frame('start', { before: opening.next })] : []),
      ...this.changedHandover(handover),
      ...(await this.failedMessages(handover)),
      ...(opening ? shown(opening.data) : await this.newMessages(handover)),
      ...(await this.changedTiles()),
    ];
    this.isBehind = handover.messageSequence > this.messages || handover.eventSequence > this.events;
    this.isOver = isFinal(handover) && !this.isBehind;
    return this.isOver ? [...frames, frame('end', {})] : frames;
  }

  /** What a page begins with. */
  private async opening(handover: Handover): Promise<Page<Message>> {
    const { messageSequence, eventSequence } = handover;
    this.isNew = false;
    this.messages = messageSequence;
    this.events = eventSequence;
    return messagesBefore(this.runtime.handovers, handover, messageSequence + 1);
  }

  private changedHandover(handover: Handover): string[] {
    const view = JSON.stringify(agentView(handover));
    if (view === this.handover) return [];
    this.handover = view;
    return [`event: handover\ndata: ${view}\n\n`];
  }

  private async newMessages({ messageSequence }: Handover): Promise<string[]> {
    if (messageSequence <= this.messages) return [];
    const page = { limit: MESSAGES_AT_ONCE, cursor: String(this.messages) };
    const { data } = await this.runtime.handovers.messages(this.handoverId, page);
    this.messages = data.at(-1)?.sequence ?? messageSequence;
    return shown(data);
  }

  /** A message that was shown before may turn out not to have reached the agent; the event says so. */
  private async failedMessages({ eventSequence }: Handover): Promise<string[]> {
    if (eventSequence <= this.events) return [];
    const { data: events } = await this.runtime.handovers.events(this.handoverId, this.events, MESSAGES_AT_ONCE);
    this.events = events.at(-1)?.sequence ?? eventSequence;
    const failed = events.filter(({ type }) => type === 'message.failed');
    if (failed.length === 0) return [];
    const messages = failed.map(({ body }) => (JSON.parse(body) as { data: { message: unknown } }).data.message);
    return [frame('messages', messages)];
  }

  private async changedTiles(): Promise<string[]> {
    const now = await this.runtime.copilot.tileRevisions(this.handoverId);
    const changed = now.filter(({ key, revision }) => this.tiles.get(key) !== revision).map(({ key }) => key);
    if (changed.length === 0 && now.length === this.tiles.size) return [];
    const tiles = changed.length === 0 ? [] : await this.runtime.copilot.tiles(this.handoverId, changed);
    this.tiles = new Map(now.map(({ key, revision }) => [key, revision]));
    return [frame('tiles', { order: now.map(({ key }) => key), changed: tiles.map(tileView) })];
  }
}

/** What concerns the agent. Settings and metadata are between the bot and the gateway. */
function agentView(handover: Handover): object {
  const { status, userId, sessionId, user, queue, agent, createdAt, endReason, transcriptLength } = handover;
  const at = createdAt.toISOString();
  return { status, userId, sessionId, user, queue, agent, createdAt: at, endReason, transcriptLength };
}

function shown(messages: Message[]): string[] {
  return messages.length > 0 ? [frame('messages', messages.map(messageView))] : [];
}

function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
