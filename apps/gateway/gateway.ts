import 'reflect-metadata';
import type { Server as HttpServer } from 'node:http';
import { ConfigService } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import { readEnvironment, type Environment } from '#config';
import type { Clock } from '#core';
import { createLogger, NestLogger, type Logger } from '#telemetry';
import { AppModule } from './app.module.js';
import { plainAddress } from './http/address.js';
import { registerAnswers } from './http/answers.js';
import { boundIdleConnections, registerAdmission, unprovenBodies } from './http/admission/admission.js';
import { Callers } from './http/admission/callers.js';
import { HttpBudgets } from './http/admission/limits.js';
import { WrongKeys } from './http/admission/wrong-keys.js';
import { registerBodyParser } from './http/body-parser.js';
import { serveCopilotPage } from './http/copilot/serve-page.js';
import { refuseMalformed } from './http/malformed-request.js';
import { serveReference } from './http/openapi.js';
import { problem, problemHeaders } from './http/problem.js';
import { loadProviders, type LoadedProviders } from './runtime/load-providers.js';
import { Runtime } from './runtime/runtime.js';

/** How long a request may take to come in, a file of an upload included, in milliseconds. */
const REQUEST_TIMEOUT_MS = 120_000;
/** How long its headers may take, on a fresh connection before the first byte as well, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How often both are looked at, in milliseconds. */
const TIMEOUTS_CHECKED_EVERY_MS = 2_000;
/** How long requests under way may take once the gateway stops, in milliseconds. */
const CLOSE_WITHIN_MS = 3_000;

export interface StartOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  providers?: LoadedProviders;
  clock?: Clock;
  log?: Logger;
}

/** A gateway that listens. */
export interface Gateway {
  app: NestFastifyApplication;
  runtime: Runtime;
  url: string;
  /** Stops taking work, finishes what is under way, and lets go of everything. */
  stop(): Promise<void>;
}

/** Starts a gateway with everything that belongs to it. @throws {ConfigError} and other errors that say what to do */
export async function startGateway(options: StartOptions = {}): Promise<Gateway> {
  const env = options.env ?? process.env;
  const cwd = options.cwd ?? process.cwd();
  const { logLevel, providerPackages } = readEnvironment(env, cwd);
  const log = options.log ?? createLogger(logLevel);
  const providers = options.providers ?? (await loadProviders(providerPackages));
  const clock = options.clock ?? { now: () => new Date() };
  const adapter = new FastifyAdapter(httpOptions());
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.of({ env, cwd, providers, clock, log }),
    adapter,
    {
      bodyParser: false,
      abortOnError: false,
      logger: new NestLogger(log),
    },
  );
  const runtime = app.get(Runtime);
  try {
    const fastify = app.getHttpAdapter().getInstance();
    const budgets = new HttpBudgets();
    registerAdmission(fastify, {
      callers: new Callers(runtime.keys.adminKey, runtime.accounts),
      wrongKeys: new WrongKeys(log),
      budgets,
      checkWebhook: (webhook) => runtime.inbox.checkAddress(webhook),
    });
    registerBodyParser(fastify, { budgets, unproven: unprovenBodies() });
    boundIdleConnections(app.getHttpServer());
    registerAnswers(fastify, budgets);
    await serveReference(app);
    serveCopilotPage(app);
    const { port, host } = app.get(ConfigService).getOrThrow<Environment>('environment');
    await app.listen(port, host);
    await runtime.start();
  } catch (error) {
    await app.close().catch(() => undefined);
    await runtime.stop();
    throw error;
  }
  const url = (await app.getUrl()).replace('[::1]', 'localhost');
  log.info({ url }, 'gateway started');
  return { app, runtime, url, stop: () => stop(app, runtime) };
}

function httpOptions(): FastifyHttpOptions<HttpServer> {
  return {
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUTS_CHECKED_EVERY_MS },
    rewriteUrl: ({ url }) => plainAddress(url ?? '/'),
    routerOptions: { maxParamLength: 512 },
    clientErrorHandler: refuseMalformed,
    frameworkErrors: (_error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      const answer = problem(400, 'The address is not a valid URL path.');
      void reply.status(400).headers(problemHeaders(answer)).send(JSON.stringify(answer));
    },
  };
}

async function stop(app: NestFastifyApplication, runtime: Runtime): Promise<void> {
  runtime.beginStop();
  // Requests under way are answered; a connection on which none comes would keep the server open.
  const late = setTimeout(() => app.getHttpServer().closeAllConnections(), CLOSE_WITHIN_MS);
  await app.close();
  clearTimeout(late);
  await runtime.stop();
}
