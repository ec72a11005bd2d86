import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Centre } from './centre.js';
import type { Deliveries } from './deliveries.js';
import type { Faults } from './faults.js';
import type { Floor } from './floor.js';
import type { SimulatedConversation, TenantState } from './model.js';
import { notFound, type ApiRefusal } from './refusal.js';
import type { Signer } from './signing.js';

export const API = '/chat-gateway/v1';

export interface ApiParts {
  apiKey: string;
  tenants: Map<string, TenantState>;
  signer: Signer;
  faults: Faults;
  floor: Floor;
  centre: Centre;
  deliveries: Deliveries;
}

/** A request, with the tenant it is for. */
export type TenantRequest = FastifyRequest & { tenant: TenantState };

/** The conversation that a call is about. @throws {ApiRefusal} 404 */
export function conversationOf(request: FastifyRequest): SimulatedConversation {
  const { id } = request.params as { id: string };
  const found = (request as TenantRequest).tenant.conversations.get(id);
  if (!found) throw notFound('Conversation', id);
  return found;
}

/** Answers a success in HAL. */
export function hal(reply: FastifyReply, status: number, body?: object): FastifyReply {
  reply.status(status);
  return body === undefined ? reply.send() : reply.type('application/hal+json').send(JSON.stringify(body));
}

export function refuse(reply: FastifyReply, error: ApiRefusal): FastifyReply {
  return reply.status(error.status).type('application/problem+json').send(JSON.stringify(error.body));
}

/** A conversation as the API shows it. */
export function conversationView({ id, state, channelId, assignment, user }: SimulatedConversation): object {
  return { id, state, channelId, assignment, user };
}
