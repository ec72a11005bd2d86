/** What a matching API call suffers. `after`: the call takes effect first, then its answer is lost, withheld or wrong. */
export type ApiFaultKind =
  | { status: number; retryAfter?: number; body?: unknown; after?: boolean }
  /** `midway`: once the first part of the body has come. */
  | { drop: 'before' | 'midway' | 'after' }
  | { hang: 'before' | 'after' };

export interface ApiFault {
  match: { method?: string; path?: string };
  /** How many calls it hits; every one unless given. */
  times?: number;
  fault: ApiFaultKind;
}

export interface FaultSettings {
  /** Delay of every API answer, in milliseconds. */
  delayMs: number;
  /** Delay before every webhook, in milliseconds. */
  webhookDelayMs: number;
  /** On a transfer the agent is reported gone before the TRANSFER. */
  leftBeforeTransfer: boolean;
  /** Every event is delivered twice under its id. */
  duplicateEvents: boolean;
  /** Event types that are never delivered; `*` for all. */
  dropEvents: string[];
  /** The first answer is ignored and the event comes again, same id, new time. */
  retryWithNewTime: boolean;
  badCrc: boolean;
  unknownKid: boolean;
  jwkStatus: 404 | 500 | null;
  /** The create is answered only after its events were delivered and answered. */
  eventsBeforeCreateAnswer: boolean;
  idleWithoutLeft: boolean;
  leftWithoutIdle: boolean;
  /** After the agent a conversation goes back to its webhook without an update that says so. */
  silentHandBack: boolean;
  /** Events of one conversation that wait together are delivered last first. */
  reorder: boolean;
  /** Bodies are sent with every non-ASCII character as \uXXXX. */
  escapeUnicode: boolean;
  /** How far 8x8's clock is ahead of ours, in milliseconds: in the dates of answers and the transmission times of events. */
  clockSkewMs: number;
  /** What the key may not use: `chat-gateway`, `analytics`, `schedule`. */
  missingProducts: string[];
  /** Takes `version` only for a webhook, and not the `notificationVersion` that the documentation also asks for. */
  noNotificationVersion: boolean;
  /** Pre-signed addresses of files answer 403, as they do once they have expired. */
  fileUrlsExpired: boolean;
  /** Pre-signed addresses break off half-way. */
  fileUrlsBreakOff: boolean;
  api: ApiFault[];
}

const NONE: FaultSettings = {
  delayMs: 0,
  webhookDelayMs: 0,
  leftBeforeTransfer: false,
  duplicateEvents: false,
  dropEvents: [],
  retryWithNewTime: false,
  badCrc: false,
  unknownKid: false,
  jwkStatus: null,
  eventsBeforeCreateAnswer: false,
  idleWithoutLeft: false,
  leftWithoutIdle: false,
  silentHandBack: false,
  reorder: false,
  escapeUnicode: false,
  clockSkewMs: 0,
  missingProducts: [],
  noNotificationVersion: false,
  fileUrlsExpired: false,
  fileUrlsBreakOff: false,
  api: [],
};

/** The switches that make the simulator fail in the ways a real contact centre does. */
export class Faults {
  current: FaultSettings = structuredClone(NONE);

  /** Switches some faults; the others stay as they are. @throws {Error} for a switch that does not exist or has a wrong type */
  set(change: Partial<FaultSettings>): void {
    for (const [name, value] of Object.entries(change)) {
      if (!Object.hasOwn(NONE, name))
        throw new Error(`There is no fault "${name}". Known: ${Object.keys(NONE).join(', ')}.`);
      const known = NONE[name as keyof FaultSettings];
      if (known !== null && (typeof value !== typeof known || Array.isArray(value) !== Array.isArray(known))) {
        throw new Error(`The fault "${name}" takes a ${Array.isArray(known) ? 'list' : typeof known}.`);
      }
    }
    this.current = { ...this.current, ...structuredClone(change) };
  }

  reset(): void {
    this.current = structuredClone(NONE);
  }

  /** The fault that hits this call, used up by one; those that hit its body are asked for by themselves. */
  take(method: string, path: string, inBody = false): ApiFaultKind | null {
    const hit = this.current.api.find(
      ({ match, times, fault }) =>
        ('drop' in fault && fault.drop === 'midway') === inBody &&
        times !== 0 &&
        (!match.method || match.method === method) &&
        (!match.path || new RegExp(match.path).test(path)),
    );
    if (!hit) return null;
    if (hit.times !== undefined) hit.times--;
    return hit.fault;
  }
}
