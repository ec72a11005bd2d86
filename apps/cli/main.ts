#!/usr/bin/env node
import { readEnvFile } from '#config';
import { accessOf } from './access.js';
import { Api } from './api.js';
import { parseArguments } from './arguments.js';
import { CommandFailed } from './command-failed.js';
import { EXIT } from './exit.js';

/** Nothing more can be said when whoever reads the output has gone, as `head` does. */
process.stdout.on('error', () => process.exit(0));

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const { name, message, stack } = error as Error;
  const isUsage = name === 'UsageError' || name === 'ConfigError';
  process.stderr.write(`${isUsage || error instanceof CommandFailed ? message : (stack ?? message)}\n`);
  process.exitCode = isUsage ? EXIT.usage : error instanceof CommandFailed ? error.exit : EXIT.failed;
}

async function run(argv: string[]): Promise<number> {
  const asked = parseArguments(argv);
  if (asked.kind === 'help') return print(asked.text);
  readEnvFile(process.cwd(), process.env);
  const [env, cwd] = [process.env, process.cwd()];
  const api = (): Api => {
    const { url, adminKey } = accessOf(asked, env, cwd);
    return new Api(url, adminKey);
  };
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const { text, json, exit = EXIT.done } = await asked.command.run({ api, env, cwd, say }, asked.values, asked.ids);
  print(asked.json ? JSON.stringify(json, null, 2) : text);
  return exit;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return EXIT.done;
}
