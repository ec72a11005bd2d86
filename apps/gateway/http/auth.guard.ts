import { Refusal } from '#core';
import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './admission/callers.js';

export type { Principal } from './admission/callers.js';

const PUBLIC = 'public';

/** Needs no key. Its address must be one that admission lets in without a key, too. */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC, true);

const OPERATOR = 'operator';

/** Needs the admin key: a bot's key is refused. */
export const OperatorOnly = (): ClassDecorator & MethodDecorator => SetMetadata(OPERATOR, true);

/** The caller of the request. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  return context.switchToHttp().getRequest<FastifyRequest>().admitted!.principal!;
});

/** Lets in whom admission knows by a key, unless the route is public or a webhook. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const marks = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, marks)) return true;
    const { admitted } = context.switchToHttp().getRequest<FastifyRequest>();
    if (admitted?.isWebhook) return true;
    if (!admitted?.principal) throw new Refusal('unauthorized', 'Send the API key as "Authorization: Bearer <key>".');
    if (admitted.principal.role !== 'operator' && this.reflector.getAllAndOverride<boolean>(OPERATOR, marks))
      throw new Refusal('forbidden', 'This is for operators: use the admin key.');
    return true;
  }
}
