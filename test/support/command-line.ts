import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs the built command line as a process, with nothing in its environment but `env`. */
export function handover(args: string[], env: NodeJS.ProcessEnv = {}, cwd = '/'): Promise<Ended> {
  return new Promise((settle) => {
    const words = [resolve('dist/apps/cli/main.js'), ...args];
    execFile(process.execPath, words, { env: { PATH: process.env.PATH, ...env }, cwd }, (error, out, err) =>
      settle({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}
