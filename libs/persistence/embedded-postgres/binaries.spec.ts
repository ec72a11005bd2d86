import { tmpdir } from 'node:os';
import { afterEach, expect, it } from '@jest/globals';
import { findBinaries } from './binaries.js';

const { arch } = process;
afterEach(() => void Object.defineProperty(process, 'arch', { value: arch }));

it('where the embedded PostgreSQL was not installed, the start says so, and what to set', async () => {
  Object.defineProperty(process, 'arch', { value: 'nowhere' });
  await expect(findBinaries(tmpdir(), null)).rejects.toMatchObject({
    name: 'StartError',
    message: expect.stringMatching(/^DATABASE_URL is not set, and .*-nowhere\) is not installed: set DATABASE_URL to/),
  });
});
