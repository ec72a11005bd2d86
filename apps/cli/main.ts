#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { accessOf } from './access.js';
import { Api } from './api.js';
import { parseArguments } from './arguments.js';

/** Nothing more can be said when whoever reads the output has gone, as `head` does. */
process.stdout.on('error', () => process.exit(0));

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const { name, message, stack } = error as Error;
  const isOurs = ['UsageError', 'ConfigError', 'ApiError'].includes(name);
  process.stderr.write(`${isOurs ? message : (stack ?? message)}\n`);
  process.exitCode = name === 'UsageError' || name === 'ConfigError' ? 2 : 1;
}

async function run(argv: string[]): Promise<number> {
  const asked = parseArguments(argv);
  if (asked.kind === 'help') return print(asked.text);
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { url, adminKey } = accessOf(asked, process.env, process.cwd());
  const { text, json, refused = 0 } = await asked.command.run(new Api(url, adminKey), asked.values, asked.ids);
  print(asked.json ? JSON.stringify(json, null, 2) : text);
  return refused > 0 ? 1 : 0;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
