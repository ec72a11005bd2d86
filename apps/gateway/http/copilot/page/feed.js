/** Where the page's data come from: a session in exchange for the link's token, then a stream that is taken up again when it breaks. */

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
/** The gateway says something every 15 s. */
const SILENT_MS = 45_000;

class Refused extends Error {}

/**
 * Follows a handover until it is over.
 * @param link `userId`, `sessionId` and, unless the page was only loaded again, `urlToken`
 * @param on `event(name, data)`, `lost()`, `refused()`, `ended()`
 */
export class Feed {
  constructor(link, on) {
    this.link = link;
    this.on = on;
    this.place = `copilot ${link.userId} ${link.sessionId}`;
    this.ticket = link.urlToken ? null : kept(this.place);
  }

  async run() {
    for (let tries = 0; ; tries++) {
      try {
        this.ticket ??= await this.open();
        const isOver = await this.follow(() => (tries = 0));
        if (isOver) return this.on.ended();
      } catch (error) {
        const isFinal = error instanceof Refused && (this.ticket === null || !this.link.urlToken);
        if (error instanceof Refused) this.ticket = keep(this.place, null);
        if (isFinal) return this.on.refused();
      }
      this.on.lost();
      const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries);
      await new Promise((resume) => setTimeout(resume, wait * (0.5 + Math.random() / 2)));
    }
  }

  /** Messages before the one of this sequence: `{ data, next }`. */
  async earlier(before) {
    const path = `messages?before=${encodeURIComponent(before)}`;
    return (await request(path, { headers: { authorization: `Bearer ${this.ticket}` } })).json();
  }

  async open() {
    const { userId, sessionId, urlToken } = this.link;
    if (!urlToken) throw new Refused();
    const body = JSON.stringify({ userId, sessionId, urlToken });
    const headers = { 'content-type': 'application/json' };
    const { ticket } = await (await request('session', { method: 'POST', headers, body })).json();
    return keep(this.place, ticket);
  }

  /** True when the handover is over, false when the stream ended for any other reason. */
  async follow(onAnswer) {
    const stop = new AbortController();
    const watch = silence(() => stop.abort());
    try {
      const headers = { authorization: `Bearer ${this.ticket}`, accept: 'text/event-stream' };
      const response = await request('events', { headers, signal: stop.signal });
      onAnswer();
      for await (const { event, data } of eventsOf(response.body, watch.heard)) {
        if (event === 'end') return true;
        this.on.event(event, data);
      }
      return false;
    } finally {
      watch.end();
      stop.abort();
    }
  }
}

/** @throws {Refused} where trying again cannot help */
async function request(path, options) {
  const response = await fetch(path, { cache: 'no-store', referrerPolicy: 'no-referrer', ...options });
  if ([400, 401, 403, 404].includes(response.status)) throw new Refused();
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return response;
}

function silence(onSilence) {
  let timer = setTimeout(onSilence, SILENT_MS);
  return {
    heard: () => {
      clearTimeout(timer);
      timer = setTimeout(onSilence, SILENT_MS);
    },
    end: () => clearTimeout(timer),
  };
}

/** The events of a stream of server-sent events; `EventSource` cannot send the ticket as a header. */
async function* eventsOf(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const frames = (rest + value).split('\n\n');
    rest = frames.pop();
    for (const frame of frames) {
      const [, event] = /^event: (.*)$/m.exec(frame) ?? [];
      const [, data] = /^data: (.*)$/m.exec(frame) ?? [];
      if (event && data) yield { event, data: JSON.parse(data) };
    }
  }
}

/** The ticket outlives a reload of the tab. A frame may have no storage; the page then needs its link again. */
function kept(place) {
  try {
    return sessionStorage.getItem(place);
  } catch {
    return null;
  }
}

function keep(place, ticket) {
  try {
    if (ticket === null) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, ticket);
  } catch {
    // It is kept in memory.
  }
  return ticket;
}
