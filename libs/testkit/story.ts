import type { ProviderEvent } from '#contract';
import { applyEvent, expireTimers, HandoverUnit, startHandover, type Course, type Handover } from '#core';
import { NOW } from './account.js';

/** A handover of the core that hears what a provider reports. */
export class Story {
  readonly handover: Handover;
  private arrival = 0;
  private now = NOW;
  private readonly course: Course;

  constructor(endGraceMs: number) {
    this.course = { endGraceMs, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };
    const input = { bot: 'b', provider: 'p', sessionId: 's', userId: 'u', user: {}, transcript: [] };
    this.handover = startHandover({ ...input, settings: {}, metadata: null }, new Date(NOW), this.course).handover;
  }

  hear(events: ProviderEvent[]): void {
    for (const event of events) {
      this.now += 10;
      const unit = new HandoverUnit(this.handover, new Date(this.now));
      applyEvent(unit, { event, arrival: ++this.arrival, receivedAt: unit.now }, this.course);
    }
  }

  /** Nothing more is heard, for longer than any grace. */
  wait(): void {
    this.now += 10 * this.course.endGraceMs + 60_000;
    const unit = new HandoverUnit(this.handover, new Date(this.now));
    expireTimers(unit, this.course, { messageSequence: 0, user: null });
  }
}
