import type { Logger } from '#telemetry';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemHeaders, problemOf } from './problem.js';

/** Answers every error as application/problem+json. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const problem = problemOf(error);
    // The path may carry a webhook token, so only the route's pattern is logged.
    const where = { method: request.method, route: request.routeOptions?.url, status: problem.status };
    if (problem.status === 500)
      this.log.error({ ...where, err: (error as Error).message, stack: (error as Error).stack }, 'unexpected error');
    else if (problem.status === 503) this.log.warn({ ...where, err: (error as Error).message }, 'refused for now');
    else this.log.debug({ ...where, reason: problem.detail }, 'refused');
    // What was refused while it still came would be taken for the next request. The rest of a wrong form is read, so that the
    // answer is, too; for what comes too slowly or is too much, nothing is.
    if (!request.raw.complete && [408, 429, 503].includes(problem.status)) void reply.header('connection', 'close');
    if (!reply.sent) void reply.status(problem.status).headers(problemHeaders(problem)).send(JSON.stringify(problem));
  }
}
