import { describe, expect, it } from '@jest/globals';
import { Tickets } from './ticket.js';

const ticket = { handoverId: 'ho_1', provider: 'desk', expiresAt: 1_000 };
const tickets = new Tickets(Buffer.alloc(32, 1));
const tokensOf = (provider: string): string[] => (provider === 'desk' ? ['new-token', 'old-token'] : []);

describe('a ticket', () => {
  it('is read by every replica, whichever of the accepted tokens it was issued for', () => {
    for (const token of tokensOf('desk'))
      expect(new Tickets(Buffer.alloc(32, 1)).read(tickets.issue(ticket, token), tokensOf, 999)).toEqual(ticket);
  });

  it.each([
    ['one that has expired', tickets.issue(ticket, 'new-token'), 1_000],
    ['one for a token that is accepted no more', tickets.issue(ticket, 'older-token'), 0],
    ['one of another gateway', new Tickets(Buffer.alloc(32, 2)).issue(ticket, 'new-token'), 0],
    ['one for a provider without a copilot', tickets.issue({ ...ticket, provider: 'other' }, 'new-token'), 0],
    ['nothing', '', 0],
    ['something else', 'bm90IGpzb24.x', 0],
    ['JSON of something else', `${Buffer.from('null').toString('base64url')}.x`, 0],
    ['no signature', tickets.issue(ticket, 'new-token').split('.')[0]!, 0],
  ])('refuses %s', (_, text, now) => {
    expect(tickets.read(text, tokensOf, now)).toBeNull();
  });

  it('cannot be changed', () => {
    const [, signature] = tickets.issue(ticket, 'new-token').split('.');
    const forged = Buffer.from(JSON.stringify({ ...ticket, handoverId: 'ho_2' })).toString('base64url');
    expect(tickets.read(`${forged}.${signature}`, tokensOf, 0)).toBeNull();
  });
});
