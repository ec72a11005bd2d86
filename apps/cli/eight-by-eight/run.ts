import {
  ownAddress,
  Receiver,
  setup,
  SetupRefused,
  teardown,
  TransportFailure,
  whyUnanswered,
} from '../../../libs/providers/eight-by-eight/setup/index.js';
import { ApiError } from '../api.js';
import { CommandFailed } from '../command-failed.js';
import type { Result, Surroundings, Values } from '../commands.js';
import { EXIT } from '../exit.js';
import { findingsText, testedBy, type Finding } from '../findings.js';
import { UsageError } from '../usage-error.js';
import { entryOf, exitOf, setupText } from './report.js';
import { smokeTest } from './smoke-test.js';
import { targetOf, type Target } from './target.js';

export function runSetup(here: Surroundings, values: Values): Promise<Result> {
  return withAccount(here, values, (target) => setUp(here, values, target));
}

/** Has the running gateway check the account, or checks it from here where there is none. */
export function runDoctor(here: Surroundings, values: Values): Promise<Result> {
  return withAccount(here, values, (target) => examine(here, values, target));
}

export function runTeardown(here: Surroundings, values: Values): Promise<Result> {
  return withAccount(here, values, (target) => tearDown(values, target));
}

async function setUp(here: Surroundings, values: Values, target: Target): Promise<Result> {
  const {
    account,
    name,
    webhookUrls: [webhookUrl],
    queueId,
  } = target;
  if (name === null || webhookUrl === undefined || queueId === undefined)
    throw new UsageError('The queue is not known: give --queue, or set defaults.queueId in the configuration file.');
  const addressee = ownAddress(webhookUrl)?.name ?? name;
  if (addressee !== name)
    throw new UsageError(
      `Events that come to this address are those of the provider "${addressee}", not of "${name}": give --webhook-url …/handover/eightByEight/${name}, or --name ${addressee}.`,
    );
  const applied = values.apply === true;
  const receiver = typeof values.listen === 'string' ? await listen(values.listen) : null;
  try {
    const confirm = receiver ? (found: Finding): Finding => seenBy(receiver, found) : undefined;
    const report = await setup(account, { name, webhookUrl, queueId, apply: applied, confirm });
    const { findings, changes, channelId } = report;
    if (values.smoke && channelId !== null && exitOf(findings) === EXIT.done)
      findings.push(...(await smokeTest(here, target, { channelId }, receiver)));
    const entry = channelId === null ? null : entryOf(target, channelId, queueId);
    const exit = exitOf(findings);
    const json = { ok: exit === EXIT.done, applied, findings, changes, configuration: entry && { providers: [entry] } };
    return { text: setupText(report, applied, entry), json, exit };
  } finally {
    await receiver?.close();
  }
}

async function examine(here: Surroundings, values: Values, target: Target): Promise<Result> {
  const { account, webhookUrls, hasEndpoint, channelId, queueId } = target;
  const asked = await askGateway(here, values);
  const findings =
    asked.findings ??
    (await account.examine({
      webhookUrls,
      defaults: { channelId, queueId },
      hasEndpoint,
      pinnedTenant: null,
      seen: null,
    }));
  if (asked.why !== null) findings.push(asked.why);
  if (values.smoke) {
    if (channelId === undefined)
      throw new UsageError('--smoke needs a channel: give --channel, or set defaults.channelId.');
    if (exitOf(findings) === EXIT.done) findings.push(...(await smokeTest(here, target, { channelId, queueId }, null)));
  }
  const by = asked.findings ? 'gateway' : 'here';
  const exit = exitOf(findings);
  const heading = asked.findings
    ? 'Checked by the running gateway:'
    : 'Checked from here, without what only a running gateway sees:';
  return { text: `${heading}\n\n${findingsText(findings)}`, json: { ok: exit === EXIT.done, by, findings }, exit };
}

async function tearDown(values: Values, { account, name }: Target): Promise<Result> {
  const applied = values.apply === true;
  const report = await teardown(account, name!, applied);
  const exit = exitOf(report.findings);
  const { findings, changes } = report;
  return { text: setupText(report, applied, null), json: { ok: exit === EXIT.done, applied, findings, changes }, exit };
}

/** The running gateway sees more: which events came, and which it refused. Not asked about an account given by options. */
async function askGateway(
  here: Surroundings,
  { provider, ...overriding }: Values,
): Promise<{ findings: Finding[] | null; why: Finding | null }> {
  const { smoke: _, ...others } = overriding;
  if (typeof provider !== 'string' || Object.values(others).some((value) => value !== undefined))
    return { findings: null, why: null };
  try {
    return { findings: (await testedBy(here.api(), provider)).findings, why: null };
  } catch (error) {
    const isUnknown = error instanceof ApiError && error.problem?.status === 404;
    const isAway = error instanceof ApiError && error.exit === EXIT.unreachable;
    if (!isUnknown && !isAway && !(error instanceof UsageError)) throw error;
    const { message } = error as Error;
    const action = 'Start the gateway with this configuration, and check again: it also sees what becomes of events.';
    return { findings: null, why: { level: 'warning', check: 'gateway', message: message.split('\n')[0]!, action } };
  }
}

/** An answer of something else at the webhook's address proves nothing. */
function seenBy(receiver: Receiver, found: Finding): Finding {
  if (found.level !== 'ok' || receiver.tests > 0) return found;
  return {
    ...found,
    level: 'error',
    message: 'Something at the webhook URL answered 8x8, but it was not this command.',
    action: 'Lead the URL to the port that --listen names, or leave out --listen when the gateway runs already.',
  };
}

async function listen(where: string): Promise<Receiver> {
  const [, host = '127.0.0.1', port] = /^(?:([A-Za-z0-9.-]+):)?(\d{1,5})$/.exec(where) ?? [];
  if (port === undefined || Number(port) > 65_535) throw new UsageError('--listen takes a port, or host:port.');
  return Receiver.listen(host, Number(port)).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailed(`--listen: ${host}:${port} cannot be used (${error.code}).`, EXIT.failed);
  });
}

async function withAccount(
  here: Surroundings,
  values: Values,
  work: (target: Target) => Promise<Result>,
): Promise<Result> {
  const target = targetOf(here, values);
  try {
    return await work(target);
  } catch (error) {
    if (error instanceof SetupRefused) throw new CommandFailed(error.message, EXIT.failed);
    if (!(error instanceof TransportFailure)) throw error;
    const advice = 'Run it again: what was done before is found again.';
    throw new CommandFailed(`${whyUnanswered(error)} ${advice}`, EXIT.unreachable);
  } finally {
    await target.account.close();
  }
}
