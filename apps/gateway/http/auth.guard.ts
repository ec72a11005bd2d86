import { Refusal } from '#core';
import { hashKey } from '#persistence';
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Runtime } from '../runtime/runtime.js';

/** Who calls: a bot, or the operator. */
export type Principal = { role: 'operator' } | { role: 'bot'; name: string; enabled: boolean };

const PUBLIC = 'public';

/** Needs no key. */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC, true);

const OPERATOR = 'operator';

/** Needs the admin key: a bot's key is refused. */
export const OperatorOnly = (): ClassDecorator & MethodDecorator => SetMetadata(OPERATOR, true);

/** The caller of the request. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  return context.switchToHttp().getRequest<FastifyRequest & { principal: Principal }>().principal;
});

/** Webhooks prove themselves by their signature; everything below this path is a provider's webhook. */
const WEBHOOKS = '/handover/';

/** Lets in who brings a key, unless the route is public or a webhook. Only hashes are compared, so time tells nothing of a key. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly runtime: Runtime,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const marks = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, marks)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & { principal: Principal }>();
    if (request.routeOptions.url?.startsWith(WEBHOOKS)) return true;
    request.principal = this.identify(request.headers.authorization);
    if (request.principal.role !== 'operator' && this.reflector.getAllAndOverride<boolean>(OPERATOR, marks))
      throw new Refusal('forbidden', 'This is for operators: use the admin key.');
    return true;
  }

  private identify(header: string | undefined): Principal {
    const [, key] = /^Bearer +(\S{1,512})\s*$/i.exec(header ?? '') ?? [];
    if (key === undefined) throw new Refusal('unauthorized', 'Send the API key as "Authorization: Bearer <key>".');
    const hash = hashKey(key);
    if (hash === hashKey(this.runtime.keys.adminKey)) return { role: 'operator' };
    const bot = this.runtime.accounts.findByKeyHash(hash);
    if (!bot) throw new Refusal('unauthorized', 'This API key is not known.');
    return { role: 'bot', name: bot.name, enabled: bot.enabled };
  }
}
