import { CONTACT_CENTRE, WEBHOOK_RECEIVER, type HandoverProvider } from '#contract';
import { ownSecrets, readConfigFile, readEnvironment, type Environment } from '#config';
import type { Clock } from '#core';
import type { Logger } from '#telemetry';
import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AuthGuard } from './http/auth.guard.js';
import { CopilotAccess } from './http/copilot/copilot-access.js';
import { CopilotController } from './http/copilot/copilot.controller.js';
import { HealthController } from './http/health/health.controller.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ConversationFilesController } from './http/v1/conversations/conversation-files.controller.js';
import { ConversationsController } from './http/v1/conversations/conversations.controller.js';
import { ConversationsService } from './http/v1/conversations/conversations.service.js';
import { AvailabilityController } from './http/v1/availability/availability.controller.js';
import { CopilotTilesController } from './http/v1/copilot-tiles/copilot-tiles.controller.js';
import { CopilotTilesService } from './http/v1/copilot-tiles/copilot-tiles.service.js';
import { AttachmentsController } from './http/v1/attachments/attachments.controller.js';
import { AttachmentsService } from './http/v1/attachments/attachments.service.js';
import { DeliveriesController } from './http/v1/deliveries/deliveries.controller.js';
import { EraseController } from './http/v1/handovers/erase.controller.js';
import { HandoversController } from './http/v1/handovers/handovers.controller.js';
import { HandoversService } from './http/v1/handovers/handovers.service.js';
import { SignalsController } from './http/v1/handovers/signals.controller.js';
import { InboxController } from './http/v1/inbox/inbox.controller.js';
import { ProvidersController } from './http/v1/providers/providers.controller.js';
import { ProvidersService } from './http/v1/providers/providers.service.js';
import { ProviderTypesController } from './http/v1/provider-types/provider-types.controller.js';
import { loadKeys, readKeptAdminKey } from './runtime/keys.js';
import { checkDefinitions, type LoadedProviders } from './runtime/load-providers.js';
import { Runtime } from './runtime/runtime.js';

/** What a gateway is made of that is not in its configuration. */
export interface GatewayOptions {
  env: NodeJS.ProcessEnv;
  cwd: string;
  providers: LoadedProviders;
  clock: Clock;
  log: Logger;
}

/** Puts the gateway together: configuration, runtime, HTTP, and whatever contact centres were found. */
@Global()
@Module({})
export class AppModule {
  static of({ env, cwd, providers, clock, log }: GatewayOptions): DynamicModule {
    const environment = readEnvironment(env, cwd);
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [() => ({ environment })],
        }),
        ...providers.modules,
      ],
      controllers: [
        EraseController,
        HandoversController,
        ConversationFilesController,
        ConversationsController,
        SignalsController,
        AttachmentsController,
        DeliveriesController,
        InboxController,
        ProvidersController,
        ProviderTypesController,
        AvailabilityController,
        HealthController,
        CopilotTilesController,
        CopilotController,
      ],
      providers: [
        HandoversService,
        ConversationsService,
        CopilotTilesService,
        CopilotAccess,
        ProvidersService,
        AttachmentsService,
        { provide: CONTACT_CENTRE, inject: providers.classes, useFactory: (...all: HandoverProvider[]) => all },
        {
          provide: Runtime,
          inject: [ConfigService, CONTACT_CENTRE],
          useFactory: (config: ConfigService, all: HandoverProvider[]) =>
            openRuntime(config.getOrThrow<Environment>('environment'), env, all, providers, clock, log),
        },
        { provide: WEBHOOK_RECEIVER, inject: [Runtime], useFactory: ({ inbox }: Runtime) => inbox },
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useFactory: () => new ProblemFilter(log) },
      ],
      exports: [WEBHOOK_RECEIVER],
    };
  }
}

async function openRuntime(
  environment: Environment,
  env: NodeJS.ProcessEnv,
  providers: HandoverProvider[],
  { packageOf }: LoadedProviders,
  clock: Clock,
  log: Logger,
): Promise<Runtime> {
  checkDefinitions(providers, packageOf);
  const types = providers.map((provider) => ({
    key: provider.definition.key,
    settings: provider.definition.settings,
    handoverSettings: provider.definition.handoverSettings,
    checkSettings: (settings: object) =>
      provider.checkSettings?.(settings, { name: '', production: environment.production, now: Date.now, log }) ?? [],
  }));
  const adminKey = environment.adminKey ?? readKeptAdminKey(environment.dataDir);
  const own = ownSecrets({ ...environment, adminKey });
  const file = readConfigFile(environment.configPath, env, types, 'refused', own);
  sayWhatIsOff(environment, env['NODE_ENV'], log);
  for (const warning of [...environment.warnings, ...file.warnings]) log.warn({}, warning);
  return Runtime.open(environment, file, providers, loadKeys(environment), clock, log);
}

/** Outside of production everything works that a first try needs. Nobody should find out by an accident that a gateway runs so. */
function sayWhatIsOff({ production }: Environment, mode: string | undefined, log: Logger): void {
  if (production) return;
  const isMeant = mode === 'development' || mode === 'test';
  log[isMeant ? 'info' : 'warn'](
    {},
    'NOT PRODUCTION MODE, since NODE_ENV is not "production": webhooks may be unverified, secrets may be short, placeholders or used twice, keys are generated and kept in DATA_DIR, and files are fetched from private addresses of the contact centre. For a real account set NODE_ENV=production',
  );
}
