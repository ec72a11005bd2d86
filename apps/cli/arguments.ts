import { parseArgs } from 'node:util';
import { COMMANDS, type Command, type Values } from './commands.js';
import { EXIT_CODES_HELP } from './exit.js';
import { UsageError } from './usage-error.js';

/** What the command line asks for. */
export type Invocation =
  | { kind: 'help'; text: string }
  | { kind: 'run'; command: Command; values: Values; ids: string[]; url?: string; adminKey?: string; json: boolean };

const COMMON = {
  url: { type: 'string' },
  'admin-key': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const COMMON_HELP = `  --url <url>          where the gateway is; otherwise PUBLIC_URL, or PORT on this machine
  --admin-key <key>    the admin key; otherwise HANDOVER_ADMIN_KEY, or the generated one in DATA_DIR.
                       Other users of the machine can see a command line: prefer the variable
  --json               the API's own answer, for programs
  -h, --help           this text`;

/** In a path these lead to another place. */
const ELSEWHERE = ['', '.', '..'];

/** Makes sense of a command line. @throws {UsageError} */
export function parseArguments(argv: string[]): Invocation {
  const firstOption = argv.findIndex((word) => word.startsWith('-'));
  const words = argv.slice(0, firstOption < 0 ? 2 : Math.min(2, firstOption));
  const wantsHelp = argv.includes('--help') || argv.includes('-h');
  const command =
    COMMANDS.find(({ name }) => name === words.join(' ')) ?? COMMANDS.find(({ name }) => name === words[0]);
  if (!command) {
    const within = COMMANDS.filter(({ name }) => name.startsWith(`${words[0]} `));
    if (argv.length === 0 || (wantsHelp && (words.length === 0 || within.length > 0)))
      return { kind: 'help', text: overview(within.length > 0 ? within : COMMANDS) };
    throw new UsageError(
      words.length === 0
        ? 'The command comes first, such as "inbox list".'
        : `There is no command "${words.join(' ')}". Known: ${COMMANDS.map(({ name }) => name).join(', ')}.`,
    );
  }
  if (wantsHelp) return { kind: 'help', text: helpOf(command) };
  const { values, positionals: ids } = read(command, argv.slice(command.name.split(' ').length));
  const { url, 'admin-key': adminKey, json, ...own } = values;
  const empty = Object.entries(values).find(([, value]) => value === '');
  if (empty) throw new UsageError(`--${empty[0]} needs a value.`, command);
  const { min, max } = command.ids;
  const what = command.usage.startsWith('<name>') ? 'A name' : 'An id';
  if (ids.length < min) throw new UsageError(`${what} is missing.`, command);
  if (ids.length > max)
    throw new UsageError(max === 0 ? `It takes no "${ids[0]}".` : `It takes ${max} at the most.`, command);
  if (ids.some((id) => ELSEWHERE.includes(id)))
    throw new UsageError(`${what} must not be empty, "." or "..".`, command);
  const wrong = command.check?.(own, ids);
  if (wrong) throw new UsageError(wrong, command);
  if (url !== undefined && !/^https?:\/\/[^/]/.test(String(url)))
    throw new UsageError('--url must be an http or https URL, such as https://handover.example.com.', command);
  return {
    kind: 'run',
    command,
    values: own,
    ids,
    url: url === undefined ? undefined : String(url).replace(/\/+$/, ''),
    adminKey: adminKey as string | undefined,
    json: json === true,
  };
}

function read(command: Command, args: string[]): { values: Values; positionals: string[] } {
  try {
    const options = { ...command.options, ...COMMON };
    const parsed = parseArgs({ args, options, allowPositionals: true, strict: true });
    return parsed as unknown as { values: Values; positionals: string[] };
  } catch (error) {
    throw new UsageError((error as Error).message.split('. To specify')[0]!, command);
  }
}

function overview(commands: Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: handover <command> [options]\n\nCommands:\n${lines.join('\n')}\n\nOptions of all commands:\n${COMMON_HELP}

${EXIT_CODES_HELP}`;
}

function helpOf({ name, summary, usage, options, help }: Command): string {
  const own = Object.entries(options).map(([option, { type }]) => {
    const shown = type === 'string' ? `--${option} <${option}>` : `--${option}`;
    return `  ${shown.padEnd(30)}${help[option] ?? ''}`;
  });
  const ownHelp = own.length > 0 ? `\nOptions:\n${own.join('\n')}\n` : '';
  return `Usage: handover ${name} ${usage}\n\nWill ${summary}.\n${ownHelp}\nOptions of all commands:\n${COMMON_HELP}`;
}
