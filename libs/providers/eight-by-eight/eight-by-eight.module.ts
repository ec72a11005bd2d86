import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { EightByEightProvider } from './provider.js';
import { EightByEightWebhookController } from './webhook.controller.js';

const sockets = { keepAlive: true, maxSockets: 50, maxFreeSockets: 10 };

/** All of 8x8. Needs the gateway's `WEBHOOK_RECEIVER`. */
@Module({
  imports: [HttpModule.register({ httpAgent: new HttpAgent(sockets), httpsAgent: new HttpsAgent(sockets) })],
  controllers: [EightByEightWebhookController],
  providers: [EightByEightProvider],
  exports: [EightByEightProvider],
})
export class EightByEightModule {}
