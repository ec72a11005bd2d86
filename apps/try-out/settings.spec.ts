import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { keysIn, writeConfiguration } from './settings.js';

const places = {
  provider: { name: 'simulated-8x8', type: 'eightByEight', settings: { apiKey: 'sim-key' } },
  callbackUrl: 'http://127.0.0.1:3030/handover-events',
  inactivity: '2m',
};

describe('settings of the try-out', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'try-out-settings-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes keys up once and keeps them for their owner only', async () => {
    const keys = await keysIn(folder);
    expect(keys.apiKey.length).toBeGreaterThan(30);
    expect(Buffer.from(keys.callbackSecret.replace(/^whsec_/, ''), 'base64')).toHaveLength(32);
    expect(await keysIn(folder)).toEqual(keys);
    expect(statSync(join(folder, 'keys.json')).mode & 0o777).toBe(0o600);
  });

  it.each(['', '{"apiKey":', '{}', 'null'])('makes new keys where the file says %j', async (text) => {
    writeFileSync(join(folder, 'keys.json'), text);
    const keys = await keysIn(folder);
    expect(await keysIn(folder)).toEqual(keys);
  });

  it('writes a configuration that only its owner can read', async () => {
    writeFileSync(join(folder, 'handover.yaml'), 'old');
    chmodSync(join(folder, 'handover.yaml'), 0o644);
    const keys = { apiKey: 'k', callbackSecret: 'whsec_s', copilotToken: 't' };
    const path = await writeConfiguration(folder, keys, places);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(parse(readFileSync(path, 'utf8'))).toEqual({
      bots: [{ name: 'sample-bot', apiKey: 'k', callbackSecret: 'whsec_s', callbackUrl: places.callbackUrl }],
      providers: [
        {
          ...places.provider,
          copilot: { builtIn: true, urlToken: 't' },
          inactivity: { timeout: '2m', reminders: 2, close: true },
        },
      ],
    });
  });
});
