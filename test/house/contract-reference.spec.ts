import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

it('the reference of the provider contract is what its docstrings say: run "npm run docs:contract" when this fails', () => {
  const { status, stderr } = spawnSync(process.execPath, ['docs/providers/write-reference.js', '--check'], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
