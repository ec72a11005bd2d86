import {
  handoverOfLink,
  isFinal,
  LINK_OUTLIVES_MS,
  linkToken,
  Refusal,
  sameSecret,
  type ProviderInstance,
} from '#core';
import { Injectable } from '@nestjs/common';
import { Runtime } from '../../runtime/runtime.js';
import { Tickets, type Ticket } from './ticket.js';

/** How long a page may go on without showing its URL token again, in milliseconds. */
const TICKET_MS = 3_600_000;
const MAX_ID = 255;

/** What a copilot link holds. */
export interface CopilotLink {
  userId: string;
  sessionId: string;
  urlToken: string;
}

/** A handover that a link opens: until when (epoch milliseconds), and the URL token behind it. */
interface Found {
  handoverId: string;
  provider: string;
  secret: string;
  closesAt: number;
}

/** Who may see which handover on the copilot's page. Whatever is wrong with a link, the refusal is the same. */
@Injectable()
export class CopilotAccess {
  private readonly tickets: Tickets;

  constructor(private readonly runtime: Runtime) {
    this.tickets = new Tickets(runtime.keys.encryptionKey);
  }

  /** Whether the link means a handover. */
  async isValid(link: CopilotLink): Promise<boolean> {
    return (await this.find(link)) !== null;
  }

  /** A ticket for the handover that the link means. @throws {Refusal} `forbidden` */
  async ticketFor(link: CopilotLink): Promise<{ ticket: string; expiresAt: Date }> {
    const found = await this.find(link);
    if (!found) throw refused();
    const { handoverId, provider, secret } = found;
    const expiresAt = Math.min(this.runtime.clock.now().getTime() + TICKET_MS, found.closesAt);
    return { ticket: this.tickets.issue({ handoverId, provider, expiresAt }, secret), expiresAt: new Date(expiresAt) };
  }

  /** The ticket in a header `Authorization: Bearer <ticket>`. @throws {Refusal} `forbidden` */
  ticketIn(header: string | undefined): Ticket {
    const [, text] = /^Bearer +(\S{1,2048})\s*$/i.exec(header ?? '') ?? [];
    const tokensOf = (provider: string): string[] => tokensFor(this.runtime.registry.get(provider));
    return this.tickets.read(text ?? '', tokensOf, this.runtime.clock.now().getTime()) ?? fail(refused());
  }

  /** The database is asked only for a link that was made here: anybody can send any other. */
  private async find({ userId, sessionId, urlToken }: CopilotLink): Promise<Found | null> {
    if (isOutside(userId, MAX_ID) || isOutside(sessionId, MAX_ID)) return null;
    const handoverId = handoverOfLink(urlToken);
    const secrets = handoverId === null ? new Map<string, string>() : this.secretsOf(handoverId, urlToken);
    if (secrets.size === 0) return null;
    const handover = await this.runtime.handovers.get(handoverId!);
    const secret = handover && secrets.get(handover.provider);
    if (!secret || handover.userId !== userId || handover.sessionId !== sessionId) return null;
    const closesAt = isFinal(handover) ? (handover.endedAt?.getTime() ?? 0) + LINK_OUTLIVES_MS : Infinity;
    if (closesAt <= this.runtime.clock.now().getTime()) return null;
    return { handoverId: handover.id, provider: handover.provider, secret, closesAt };
  }

  /** By provider: the URL token that the link of this handover would have been made with. */
  private secretsOf(handoverId: string, given: string): Map<string, string> {
    const { registry } = this.runtime;
    const found = new Map<string, string>();
    for (const name of registry.names()) {
      for (const secret of tokensFor(registry.get(name)))
        if (sameSecret(given, linkToken(secret, handoverId))) found.set(name, secret);
    }
    return found;
  }
}

/** The URL tokens by which a provider's copilot is opened on the gateway's own page. */
function tokensFor(provider: ProviderInstance | undefined): string[] {
  const copilot = provider?.options.copilot;
  if (!copilot?.builtIn) return [];
  return [copilot.urlToken, ...(copilot.previousUrlToken === null ? [] : [copilot.previousUrlToken])];
}

function isOutside(text: string, max: number): boolean {
  return text === '' || text.length > max;
}

function refused(): Refusal {
  return new Refusal('forbidden', 'This link opens nothing. Open it again from the conversation.');
}

function fail(error: Error): never {
  throw error;
}
