import { startSampleBot } from './bot.js';

const { BOT_PORT, GATEWAY_URL, BOT_API_KEY: apiKey, BOT_CALLBACK_SECRET: callbackSecret } = process.env;
if (!apiKey || !callbackSecret) {
  process.stderr.write('Set BOT_API_KEY and BOT_CALLBACK_SECRET to what the configuration of the gateway says.\n');
  process.exit(1);
}
const gatewayUrl = GATEWAY_URL || 'http://127.0.0.1:3000';
const bot = await startSampleBot({ gatewayUrl, apiKey, callbackSecret, port: Number(BOT_PORT || 3030) });
process.stdout.write(`Chat page: ${bot.url}\nCallback URL for the gateway: ${bot.callbackUrl}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void bot.stop());
