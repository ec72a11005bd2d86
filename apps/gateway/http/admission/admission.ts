import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Refusal, type Owner } from '#core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem, problemHeaders, problemOf, type Problem } from '../problem.js';
import { kindOf, networkOf, ownerOf, WrongKey, type Callers, type Principal } from './callers.js';
import { Holding, IDLE_CONNECTIONS, UNPROVEN, type HttpBudgets } from './limits.js';
import { WaitingRoom } from './waiting-room.js';
import type { WrongKeys } from './wrong-keys.js';

/** Who calls, found out before a byte of the body was read, and what the request holds until it is answered. */
export interface Admitted {
  /** Null where no key is asked for. */
  principal: Principal | null;
  /** Whether the sender has yet to prove itself, by what is in its body. */
  isWebhook: boolean;
  address: string;
  holding: Holding;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null for health checks, which are in no budget. */
    admitted: Admitted | null;
  }
}

/** Whom a webhook's address means. @throws {Refusal} `not_found`, `unauthorized` */
export type AddressCheck = (webhook: { type: string; name?: string; token?: string }) => void;

export interface AdmissionParts {
  callers: Callers;
  wrongKeys: WrongKeys;
  budgets: HttpBudgets;
  checkWebhook: AddressCheck;
}

/**
 * Decides who calls before anything is counted or read: a key is known by its hash, a webhook by its address. What is refused
 * here costs nothing but the answer. Everything else holds a place of its caller's own share until it is answered.
 */
export function registerAdmission(fastify: FastifyInstance, parts: AdmissionParts): void {
  fastify.decorateRequest('admitted', null);
  fastify.addHook('onRequest', (request, reply, next) => {
    dropEmpty(request);
    let refusal: unknown;
    try {
      admit(request, reply, parts);
    } catch (error) {
      refusal = error;
    }
    if (refusal === undefined) return next();
    refuse(request, reply, parts, refusal);
  });
}

/** The places of strangers' bodies on their way. */
export function unprovenBodies(): WaitingRoom {
  return new WaitingRoom(UNPROVEN);
}

/** Keeps connections on which no request is under way bounded, without ever refusing a new one. */
export function boundIdleConnections(server: Server, limits = IDLE_CONNECTIONS): void {
  const room = new WaitingRoom(limits);
  server.on('connection', (socket: Socket) => {
    const address = networkOf(socket.remoteAddress);
    const wait = (): ReturnType<WaitingRoom['enter']> => room.enter(address, () => socket.destroy());
    const idle = new IdleTurn(room, wait);
    idleOf.set(socket, idle);
    socket.once('close', () => idle.end());
  });
  server.on('request', (request, response) => {
    const idle = idleOf.get(request.socket);
    idle?.end();
    response.once('close', () => request.socket.destroyed || idle?.begin());
  });
}

const idleOf = new WeakMap<Socket, IdleTurn>();

/** A connection's turns in the room. */
class IdleTurn {
  private place: ReturnType<WaitingRoom['enter']> | null;

  constructor(
    private readonly room: WaitingRoom,
    private readonly wait: () => ReturnType<WaitingRoom['enter']>,
  ) {
    this.place = wait();
  }

  begin(): void {
    this.place ??= this.wait();
  }

  end(): void {
    if (this.place) this.room.leave(this.place);
    this.place = null;
  }
}

/** Headers that are read: an empty one says nothing, and counts as none. */
const HEADERS = ['accept', 'authorization', 'content-type', 'idempotency-key', 'last-event-id'];

function dropEmpty({ headers }: FastifyRequest): void {
  for (const name of HEADERS)
    if (headers[name] !== undefined && String(headers[name]).trim() === '') delete headers[name];
}

/** @throws {Refusal} */
function admit(request: FastifyRequest, reply: FastifyReply, parts: AdmissionParts): void {
  if (request.url.includes('%00')) throw new Refusal('invalid', 'The address must not contain NUL characters (%00).');
  const route = request.routeOptions.url;
  if (request.is404 || route === undefined)
    throw new Refusal('not_found', 'There is nothing at this address. The API reference is at /docs.');
  const kind = kindOf(route);
  if (kind === 'health') return;
  const address = networkOf(request.socket.remoteAddress);
  const { callers, budgets } = parts;
  if (kind === 'key') {
    const principal = callers.identify(request.headers.authorization);
    hold(request, reply, { principal, isWebhook: false, address, holding: new Holding(ownerOf(principal)) });
    request.admitted!.holding.take(budgets.requests);
  } else if (kind === 'webhook') {
    const webhook = webhookOf(route, request.params as { name?: string; token?: string });
    // Other methods bring no body: their controllers look for themselves.
    if (request.method === 'POST') parts.checkWebhook(webhook);
    const owner: Owner = `provider:${webhook.name ?? webhook.type}`;
    // It takes a place once its body is here: until then it may be anybody's.
    hold(request, reply, { principal: null, isWebhook: true, address, holding: new Holding(owner) });
  } else {
    hold(request, reply, { principal: null, isWebhook: false, address, holding: new Holding(`address:${address}`) });
    request.admitted!.holding.take(budgets.visitors);
  }
}

function hold(request: FastifyRequest, reply: FastifyReply, admitted: Admitted): void {
  request.admitted = admitted;
  reply.raw.once('close', () => admitted.holding.release());
}

/** What a webhook's address says: `/handover/{type}`, `/handover/{type}/{name}` or `/handover/{type}/{name}/{token}`. */
function webhookOf(
  route: string,
  { name, token }: { name?: string; token?: string },
): { type: string; name?: string; token?: string } {
  return { type: route.split('/')[2]!, name, token };
}

function refuse(request: FastifyRequest, reply: FastifyReply, parts: AdmissionParts, error: unknown): void {
  const answer = problemOf(error);
  if (!(error instanceof WrongKey)) return send(request, reply, answer);
  const turn = parts.wrongKeys.note(networkOf(request.socket.remoteAddress));
  if (turn === 'at once') send(request, reply, answer);
  else if (turn === 'too many') send(request, reply, tooManyGuesses());
  else void turn.then(() => send(request, reply, answer));
}

function tooManyGuesses(): Problem {
  const detail = 'Too many wrong API keys come from this address. Use the right one: it is never slowed down.';
  return problem(429, detail, [], { budget: 'wrong keys' });
}

/** A body that was not read would be taken for the next request, so the connection ends. */
function send(request: FastifyRequest, reply: FastifyReply, answer: Problem): void {
  if (reply.sent || reply.raw.destroyed) return;
  void reply
    .status(answer.status)
    .headers({ ...problemHeaders(answer), ...(hasBody(request) ? { connection: 'close' } : {}) })
    .send(JSON.stringify(answer));
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
