import { simulatedId, type SimulatedQueue, type TenantState } from './model.js';

/** `0` is open, `-1` closed; a text is one of a schedule's special states. */
export type ScheduleStatus = 0 | -1 | string;

const OAUTH_LIFETIME_S = 1799;

/** Who is there: opening hours and agents, as schedules and statistics show them. */
export class Floor {
  /** What an app of the real-time statistics signs in with. */
  readonly realtimeKey = 'rt-key';
  readonly realtimeSecret = 'rt-secret';
  readonly schedules = new Map<string, ScheduleStatus>([['business-hours', 0]]);
  private readonly overrides = new Map<string, Record<string, unknown>>();
  private readonly tokens = new Map<string, number>();

  /** Opens or closes, or makes a schedule. */
  setSchedule(id: string, status: ScheduleStatus): void {
    this.schedules.set(id, status);
  }

  /** Lays figures over those of a queue, by 8x8's names (`enabled-agent-count`); `undefined` leaves one out. Nothing takes all away. */
  setQueue(id: string, figures: Record<string, unknown> | null): void {
    if (figures === null) this.overrides.delete(id);
    else this.overrides.set(id, { ...this.overrides.get(id), ...figures });
  }

  /** As if all were there as they are configured, at an open door. */
  reset(): void {
    this.overrides.clear();
    for (const id of this.schedules.keys()) this.schedules.set(id, 0);
  }

  issueToken(): { access_token: string; token_type: string; expires_in: string } {
    const token = simulatedId();
    this.tokens.set(token, Date.now() + OAUTH_LIFETIME_S * 1_000);
    return { access_token: token, token_type: 'BearerToken', expires_in: String(OAUTH_LIFETIME_S) };
  }

  takesToken(token: string): boolean {
    return (this.tokens.get(token) ?? 0) > Date.now();
  }

  /** Tokens end before their time. */
  revokeTokens(): void {
    this.tokens.clear();
  }

  /** The statistics of a queue; times are in seconds. */
  statistics(state: TenantState, queue: SimulatedQueue): Record<string, unknown> {
    const { id, name } = queue;
    const open = [...state.conversations.values()].filter((one) => one.state !== 'idle');
    const waiting = open.filter(({ waitingIn }) => waitingIn === id);
    const busy = new Set(
      open
        .flatMap(({ participants }) => participants.filter((one) => one.type === 'agent' && !one.removed))
        .map((one) => one.id),
    );
    const agents = state.tenant.agents.length;
    const longest = Math.max(0, ...waiting.map(({ createdAt }) => Date.now() - createdAt));
    return {
      'queue-id': id,
      'queue-name': name,
      'media-type': queue.mediaType ?? 'chat',
      'queue-size': waiting.length,
      'longest-wait-time': Math.floor(longest / 1_000),
      'number-in-progress': open.length - waiting.length,
      'assigned-agent-count': queue.assignedAgents ?? agents,
      'enabled-agent-count': queue.enabledAgents ?? queue.assignedAgents ?? agents,
      'agent-count-waitTransact': agents - busy.size,
      'agent-count-busy': busy.size,
      'agent-count-onBreak': 0,
      'agent-count-workOffline': 0,
      'agent-count-postProcess': 0,
      'agent-count-loggedOut': 0,
      ...this.overrides.get(id),
    };
  }
}
