import { describe, expect, it } from '@jest/globals';
import { parseArguments, type Invocation } from './arguments.js';
import { COMMANDS } from './commands.js';
import { UsageError } from './usage-error.js';

function parsed(line: string): Extract<Invocation, { kind: 'run' }> {
  const asked = parseArguments(line.split(' '));
  if (asked.kind !== 'run') throw new Error(asked.text);
  return asked;
}

function complaint(line: string | string[]): string {
  try {
    parseArguments(typeof line !== 'string' ? line : line === '' ? [] : line.split(' '));
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'none';
}

describe('the command line', () => {
  it('takes a command with its options and ids', () => {
    expect(parsed('inbox list --status dead --limit 5')).toMatchObject({
      command: { name: 'inbox list' },
      values: { status: 'dead', limit: '5' },
      ids: [],
      json: false,
    });
    expect(parsed('inbox show 17 --json')).toMatchObject({ ids: ['17'], json: true });
    expect(parsed('deliveries retry 3 1 2').ids).toEqual(['3', '1', '2']);
    expect(parsed('migrate --json')).toMatchObject({ command: { name: 'migrate' }, ids: [], json: true });
    expect(parsed('providers test support-8x8').ids).toEqual(['support-8x8']);
    expect(parsed('deliveries retry --all --target shop-bot').values).toEqual({ all: true, target: 'shop-bot' });
  });

  it('takes address and key apart from the options of the command', () => {
    const { url, adminKey, values } = parsed('deliveries list --url https://gateway.example.com/ --admin-key k');
    expect({ url, adminKey, values }).toEqual({ url: 'https://gateway.example.com', adminKey: 'k', values: {} });
  });

  it.each([
    ['nothing', ''],
    ['--help', '--help'],
    ['-h', '-h'],
  ])('explains itself with %s, naming every command', (_, line) => {
    const asked = parseArguments(line === '' ? [] : [line]);
    expect(asked.kind).toBe('help');
    for (const { name } of COMMANDS) expect((asked as { text: string }).text).toContain(name);
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))('explains %s', (name, command) => {
    const asked = parseArguments([...name.split(' '), '--help']) as { text: string };
    expect(asked.text).toContain(`Usage: handover ${name}`);
    for (const option of Object.keys(command.options)) {
      expect(asked.text).toContain(`--${option}`);
      expect(command.help[option]).toBeTruthy();
    }
  });

  it('explains a group of commands', () => {
    const { text } = parseArguments(['inbox', '--help']) as { text: string };
    expect(text).toContain('inbox replay');
    expect(text).not.toContain('deliveries list');
  });

  it.each([
    ['providers test', '', /A name must not be empty, "\."/],
    ['inbox show', '', /An id must not be empty/],
    ['inbox replay 1', '', /An id must not be empty/],
    ['providers test', '..', /A name must not be .* or "\.\."/],
    ['deliveries retry', '.', /An id must not be/],
  ])('refuses what leads to another address in place of an id: "%s" with "%s"', (line, id, message) => {
    expect(complaint([...line.split(' '), id])).toMatch(message);
  });

  it.each([
    ['inbox', /no command "inbox".*Known: inbox list/],
    ['nonsense list', /no command "nonsense list"/],
    ['--json inbox list', /The command comes first/],
    ['inbox show', /An id is missing/],
    ['inbox show 1 2', /takes 1 at the most/],
    ['inbox list 1', /takes no "1"/],
    ['inbox list --nope', /Unknown option '--nope'/],
    ['inbox list --status', /--status/],
    ['inbox list --status=', /--status needs a value/],
    ['inbox replay', /ids of events, or a --status/],
    ['inbox replay --provider p', /ids of events, or a --status/],
    ['inbox replay 1 --status dead', /do not go together/],
    ['deliveries retry', /or use --all/],
    ['deliveries retry --target shop-bot', /or use --all/],
    ['deliveries retry 1 --all', /do not go together/],
    ['deliveries retry 1 --target shop-bot', /do not go together/],
    ['inbox list --url gateway', /must be an http or https URL/],
    ['providers test', /A name is missing/],
    ['migrate now', /takes no "now"/],
    ['eight-by-eight setup --name x', /Give --name, --webhook-url and --queue, or --provider/],
    ['eight-by-eight setup --provider x --smoke', /--smoke needs --apply/],
    ['eight-by-eight doctor', /Give --provider or --webhook-url/],
    ['eight-by-eight teardown --apply', /Give --name or --provider/],
  ])('refuses "%s" and says where help is', (line, message) => {
    expect(complaint(line)).toMatch(message);
    expect(complaint(line)).toMatch(/See: handover .*--help$/);
  });
});
