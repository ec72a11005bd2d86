import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accessOf } from './access.js';

describe('the way to the gateway', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'handover-cli-'));
    writeFileSync(join(folder, 'admin.key'), 'generated-key\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is what was given, whatever the environment says', () => {
    const given = { url: 'https://a.example.com', adminKey: 'given' };
    expect(accessOf(given, { PORT: 'nonsense', HANDOVER_ADMIN_KEY: 'other' }, folder)).toEqual(given);
  });

  it('is what the gateway itself would use', () => {
    const env = { PORT: '4000', HANDOVER_ADMIN_KEY: 'from-the-environment' };
    expect(accessOf({}, env, folder)).toEqual({ url: 'http://localhost:4000', adminKey: 'from-the-environment' });
    const behindProxy = { ...env, PUBLIC_URL: 'https://b.example.com/' };
    expect(accessOf({}, behindProxy, folder).url).toBe('https://b.example.com');
  });

  it('is opened with the key that the gateway has generated', () => {
    expect(accessOf({}, { DATA_DIR: folder }, '/nowhere')).toEqual({
      url: 'http://localhost:3000',
      adminKey: 'generated-key',
    });
  });

  it('asks nothing of variables that only the gateway needs', () => {
    expect(
      accessOf({}, { DATA_DIR: folder, NODE_ENV: 'production', HANDOVER_CONFIG: 'missing' }, folder).adminKey,
    ).toBe('generated-key');
  });

  it('says where a key may come from when there is none, and makes none up', () => {
    const look = (): unknown => accessOf({}, { DATA_DIR: join(folder, 'empty') }, folder);
    expect(look).toThrow(/--admin-key or HANDOVER_ADMIN_KEY, or DATA_DIR/);
    expect(look).toThrow(/empty has none/);
  });
});
