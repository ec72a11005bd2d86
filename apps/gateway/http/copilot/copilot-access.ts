import { Refusal, sameSecret, type ProviderInstance } from '#core';
import { hashKey } from '#persistence';
import { Injectable } from '@nestjs/common';
import { Runtime } from '../../runtime/runtime.js';
import { Tickets, type Ticket } from './ticket.js';

/** How long a page may go on without showing its URL token again, in milliseconds. */
const TICKET_MS = 3_600_000;
const MAX_ID = 255;
const MAX_TOKEN = 1_024;

/** What a copilot link holds. */
export interface CopilotLink {
  userId: string;
  sessionId: string;
  urlToken: string;
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

  /** A ticket for the newest handover that the link means. @throws {Refusal} `forbidden` */
  async ticketFor(link: CopilotLink): Promise<{ ticket: string; expiresAt: Date }> {
    const found = await this.find(link);
    if (!found) throw refused();
    const expiresAt = this.runtime.clock.now().getTime() + TICKET_MS;
    const ticket = this.tickets.issue({ ...found, expiresAt }, link.urlToken);
    return { ticket, expiresAt: new Date(expiresAt) };
  }

  /** The ticket in a header `Authorization: Bearer <ticket>`. @throws {Refusal} `forbidden` */
  ticketIn(header: string | undefined): Ticket {
    const [, text] = /^Bearer +(\S{1,2048})\s*$/i.exec(header ?? '') ?? [];
    const tokensOf = (provider: string): string[] => tokensFor(this.runtime.registry.get(provider));
    return this.tickets.read(text ?? '', tokensOf, this.runtime.clock.now().getTime()) ?? fail(refused());
  }

  private async find({ userId, sessionId, urlToken }: CopilotLink): Promise<Omit<Ticket, 'expiresAt'> | null> {
    if (isOutside(userId, MAX_ID) || isOutside(sessionId, MAX_ID) || isOutside(urlToken, MAX_TOKEN)) return null;
    const handoverId = await this.runtime.copilot.newestHandover({ userId, sessionId }, this.providersOf(urlToken));
    const handover = handoverId === null ? null : await this.runtime.handovers.get(handoverId);
    return handover && { handoverId: handover.id, provider: handover.provider };
  }

  /** Every token of every provider is compared, and only hashes, so time tells nothing of a token. */
  private providersOf(urlToken: string): string[] {
    const { registry } = this.runtime;
    const given = hashKey(urlToken);
    return registry.names().filter((name) => {
      const matches = tokensFor(registry.get(name)).map((token) => sameSecret(given, hashKey(token)));
      return matches.includes(true);
    });
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
