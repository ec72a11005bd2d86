import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Setting } from '#contract';
import { readConfigFile, readEnvironment } from './index.js';

class Settings {
  @Setting({ type: 'url', title: 'Base URL', help: '-' }) baseUrl: string;
  @Setting({ type: 'string', title: 'Key', help: '-', required: true, secret: true }) apiKey: string;
  @Setting({ type: 'string', title: 'Tenant', help: '-' }) tenant: string;
  @Setting({ type: 'choice', title: 'Verification', help: '-', choices: ['required', 'off'] })
  webhookVerification: string;
  @Setting({ type: 'duration', title: 'Tolerance', help: '-' }) webhookTolerance: string;
  @Setting({ type: 'duration', title: 'Grace', help: '-' }) endGrace: string;
  @Setting({ type: 'duration', title: 'Give up', help: '-' }) giveUpAfter: string;
}

class HandoverSettings {
  @Setting({ type: 'string', title: 'Channel', help: '-' }) channelId: string;
  @Setting({ type: 'string', title: 'Queue', help: '-' }) queueId: string;
  @Setting({ type: 'object', title: 'Extra', help: '-' }) jsonProperties: object;
}

const types = [{ key: 'eightByEight', settings: Settings, handoverSettings: HandoverSettings }];
const envExample = readFileSync('.env.example', 'utf8');
const asGiven = parseEnv(envExample) as NodeJS.ProcessEnv;
/** The same on the machine of somebody who tries it. */
const env: NodeJS.ProcessEnv = { ...asGiven, NODE_ENV: '' };

describe('examples', () => {
  it('the example configuration works with the example environment', () => {
    const config = readConfigFile(resolve('handover.example.yaml'), env, types);
    expect(config).toMatchObject({
      bots: [{ name: 'shop-assistant', apiKey: env['SHOP_BOT_KEY'], callbackSecret: env['SHOP_BOT_CALLBACK_SECRET'] }],
      providers: [{ name: 'support-8x8', settings: { apiKey: env['EIGHT_BY_EIGHT_API_KEY'] } }],
    });
  });

  it('its placeholders are refused in production, each with its line, and what the README has filled in is not', () => {
    const file = resolve('handover.example.yaml');
    const refused = /handover\.example\.yaml:\d+: (\S+): is a placeholder: put .* there/g;
    const problems = (): string => {
      try {
        return String(readConfigFile(file, asGiven, types).warnings);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect([...problems().matchAll(refused)].map(([, key]) => key)).toEqual([
      'bots[0].apiKey',
      'bots[0].callbackSecret',
      'providers[0].settings.apiKey',
    ]);
    const random = (): string => randomBytes(32).toString('hex');
    const filledIn = {
      ...asGiven,
      SHOP_BOT_KEY: random(),
      SHOP_BOT_CALLBACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
      EIGHT_BY_EIGHT_API_KEY: 'eght_f3dK',
      HANDOVER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    };
    expect(readConfigFile(file, filledIn, types).warnings).toEqual([]);
    expect(readEnvironment(filledIn, '/nowhere')).toMatchObject({ production: true, warnings: [] });
  });

  it('the example environment lists every variable with its default', () => {
    const names = [
      'PORT', 'HOST', 'PUBLIC_URL', 'DATABASE_URL', 'DATA_DIR', 'HANDOVER_CONFIG', 'HANDOVER_ADMIN_KEY',
      'HANDOVER_ENCRYPTION_KEY', 'HANDOVER_PREVIOUS_ENCRYPTION_KEYS', 'DATABASE_PASSWORD', 'HANDOVER_PROVIDERS', 'LOG_LEVEL',
      'NODE_ENV',
    ]; // prettier-ignore
    for (const name of names) expect(envExample).toMatch(new RegExp(`^#?${name}=`, 'm'));
  });

  it('the defaults that the example environment shows are the real ones', () => {
    const shown = parseEnv(envExample.replace(/^#(PORT|HOST|PUBLIC_URL|DATA_DIR|LOG_LEVEL)=/gm, '$1='));
    expect(shown).toMatchObject({ PORT: '3000', LOG_LEVEL: 'info' });
    expect(readEnvironment({ ...shown, NODE_ENV: '' }, '/nowhere')).toEqual(readEnvironment({}, '/nowhere'));
  });
});
