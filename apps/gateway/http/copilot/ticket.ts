import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { sameSecret } from '#core';

/** What a page may see, and until when (epoch milliseconds). */
export interface Ticket {
  handoverId: string;
  provider: string;
  expiresAt: number;
}

/** Takes the place of the URL token once a page is open: for one handover, and for a while. */
export class Tickets {
  private readonly key: Buffer;

  /** @param encryptionKey the gateway's own, so that every replica takes the tickets of the others */
  constructor(encryptionKey: Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', encryptionKey, '', 'handover copilot ticket', 32));
  }

  issue(ticket: Ticket, urlToken: string): string {
    const payload = Buffer.from(JSON.stringify(ticket)).toString('base64url');
    return `${payload}.${this.sign(payload, urlToken)}`;
  }

  /**
   * The ticket, if it was issued for a URL token that is still accepted and has not expired; else null.
   * @param tokensOf the URL tokens that a provider accepts
   */
  read(text: string, tokensOf: (provider: string) => string[], now: number): Ticket | null {
    const [payload = '', signature = ''] = text.split('.');
    const ticket = parse(payload);
    if (!ticket || ticket.expiresAt <= now) return null;
    const isGenuine = tokensOf(ticket.provider).some((token) => sameSecret(signature, this.sign(payload, token)));
    return isGenuine ? ticket : null;
  }

  /** The URL token is part of what is signed: one that is taken out of the configuration takes its tickets along. */
  private sign(payload: string, urlToken: string): string {
    const token = createHash('sha256').update(urlToken).digest('hex');
    return createHmac('sha256', this.key).update(`${payload}.${token}`).digest('base64url');
  }
}

/** What is read here proves nothing until its signature was checked. */
function parse(payload: string): Ticket | null {
  try {
    const { handoverId, provider, expiresAt } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Ticket;
    const isTicket = typeof handoverId === 'string' && typeof provider === 'string' && Number.isFinite(expiresAt);
    return isTicket ? { handoverId, provider, expiresAt } : null;
  } catch {
    return null;
  }
}
