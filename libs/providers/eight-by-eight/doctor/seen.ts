import { durationMs, type CheckContext, type CheckFinding, type SeenWebhooks } from '#contract';
import type { EightByEightSettings } from '../settings.js';
import type { SignatureFlaw } from '../signature.js';
import { error, ok, warning } from './checks.js';

/** Below this a transfer that 8x8 reports in two events may look like an end, in milliseconds. */
const SHORT_GRACE_MS = 5_000;
/** What two clocks may differ by without a word, in milliseconds. */
const CLOCK_SLACK_MS = 30_000;

/** What the settings alone tell. */
export function checkSettings({ endGrace, webhookVerification }: EightByEightSettings): CheckFinding[] {
  const grace = durationMs(endGrace);
  const action = 'Set endGrace to 10s.';
  const findings: CheckFinding[] = [];
  if (grace === 0)
    findings.push(error('transfer-grace', 'endGrace is 0: every transfer to another queue ends the handover.', action));
  else if (grace < SHORT_GRACE_MS)
    findings.push(warning('transfer-grace', `endGrace is ${endGrace}: a slow transfer ends the handover.`, action));
  else findings.push(ok('transfer-grace', `A transfer has ${endGrace} to show itself.`));
  if (webhookVerification === 'off')
    findings.push(
      warning(
        'verification',
        'Events are not verified: anybody may send some.',
        'Set webhookVerification to required. `off` is for development only.',
      ),
    );
  else findings.push(ok('verification', 'Events must be signed by 8x8.'));
  return findings;
}

/** The keys that sign events serve all customers of 8x8: an account that knows no tenant takes no stranger in. */
export function checkEndpoint(
  { tenant, webhookTenant, webhookToken }: EightByEightSettings,
  { hasEndpoint, pinnedTenant }: CheckContext,
): CheckFinding[] {
  if (!hasEndpoint) return [];
  const known = webhookTenant ?? tenant ?? pinnedTenant;
  if (known === null && webhookToken !== undefined)
    return [ok('endpoint', 'Conversations that come with the webhookToken go to the bot.')];
  if (known !== null) return [ok('endpoint', `Conversations of the tenant "${known}" go to the bot.`)];
  return [
    error(
      'endpoint',
      'There is an endpoint, but the account knows no tenant yet: until 8x8 has confirmed that of an event, no conversation is taken in, and the bot hears of no user.',
      'Set tenant (or webhookTenant) in the settings of the provider. See Configuration Manager, Home, Profile.',
    ),
  ];
}

/** Compares our clock with the one in 8x8's answers, and with the transmission times of refused events. */
export function checkClock(
  serverTime: number | null,
  now: number,
  toleranceMs: number,
  seen: SeenWebhooks | null,
): CheckFinding {
  const action = "Synchronise the clock of the gateway's machine (NTP); do not widen webhookTolerance instead.";
  const late = refusedFor(seen, 'clock');
  if (late.length > 0)
    return error('clock', `${counted(late.length, 'event')} refused: ${late.at(-1)!.message}.`, action);
  const apart = serverTime === null ? 0 : Math.abs(now - serverTime);
  const seconds = Math.round(apart / 1_000);
  if (apart > toleranceMs)
    return error('clock', `Our clock and 8x8's are ${seconds} s apart: events are refused.`, action);
  if (apart > CLOCK_SLACK_MS) return warning('clock', `Our clock and 8x8's are ${seconds} s apart.`, action);
  return ok('clock', "Our clock and 8x8's agree.");
}

/** What became of the webhooks that came. */
export function checkSeen(seen: SeenWebhooks): CheckFinding[] {
  return [signatures(seen), ...tenantOf(seen), ...versionOf(seen), ...arrivals(seen)];
}

const CAUSES: Record<Exclude<SignatureFlaw, 'clock'>, string> = {
  headers:
    'The x-8x8-* headers did not come through as 8x8 sends them: let every proxy in front of the gateway pass them on unchanged.',
  mismatch:
    'The body is not the one that was signed: let no proxy or firewall in front of the gateway rewrite, re-encode or decompress it.',
  unknown_key: "The keys at baseUrl are not those that sign: set baseUrl to the API that the webhook's tenant is on.",
  key_unavailable: 'The keys could not be fetched from baseUrl: let the gateway reach it.',
};

function signatures(seen: SeenWebhooks): CheckFinding {
  const refused = seen.refused.filter(({ flaw }) => flaw !== 'clock');
  const { count } = seen.accepted;
  if (refused.length === 0)
    return ok(
      'signatures',
      count === 0 ? 'No event has come within the hour.' : `${count} events within the hour, all verified.`,
    );
  const last = refused.at(-1)!;
  const action = Object.hasOwn(CAUSES, last.flaw ?? '') ? CAUSES[last.flaw as keyof typeof CAUSES] : 'See the message.';
  if (count === 0)
    return error(
      'signatures',
      `${counted(refused.length, 'event')} refused within the hour, and none taken: ${last.message}.`,
      action,
    );
  return warning(
    'signatures',
    `${counted(refused.length, 'event')} refused within the hour, ${count} taken: ${last.message}.`,
    `${action} Single ones may also come from somebody other than 8x8.`,
  );
}

function tenantOf({ ignored }: SeenWebhooks): CheckFinding[] {
  const foreign = ignored.find(({ reason }) => reason === 'another tenant' || reason === 'tenant not confirmed');
  if (!foreign) return [];
  return [
    error(
      'webhook-tenant',
      `${counted(foreign.count, 'event')} ${foreign.reason === 'another tenant' ? "ignored within the hour: of a tenant that is not the provider's" : "refused for now: 8x8 did not confirm that their tenant is the account's"}.`,
      'If they are yours, set webhookTenant to the Tenant Label (Configuration Manager, Home, Profile). The log names the tenant they carry.',
    ),
  ];
}

function versionOf({ ignored }: SeenWebhooks): CheckFinding[] {
  const old = ignored.find(({ reason }) => reason.includes('older webhook version'));
  if (!old) return [];
  return [
    error(
      'webhook-version',
      `${counted(old.count, 'event')} of an older webhook version came within the hour and had no effect.`,
      'Configuration Manager, Integration, Webhooks: set the version of the webhook to "Chat Gateway v1.0".',
    ),
  ];
}

/** Where they come and are refused, silence has its reason already. */
function arrivals(seen: SeenWebhooks): CheckFinding[] {
  const { accepted, refused, silentHandovers } = seen;
  if (refused.length > 0 || tenantOf(seen).length > 0 || versionOf(seen).length > 0) return [];
  if (silentHandovers === 0)
    return [
      ok(
        'events',
        accepted.lastAt === null
          ? 'No handover waits for one.'
          : `The last one came at ${new Date(accepted.lastAt).toISOString()}.`,
      ),
    ];
  return [
    error(
      'events',
      `${counted(silentHandovers, 'handover')} opened in 8x8, and no event of ${silentHandovers === 1 ? 'it' : 'them'} has come.`,
      'Configuration Manager, Integration, Webhooks, Event Log: Direction Outbound shows what 8x8 sent, with Status, Response and Retry Attempts; filter by the conversation id. Nothing there: the channel has another webhook. Failures there: see what they say.',
    ),
  ];
}

function refusedFor(seen: SeenWebhooks | null, flaw: SignatureFlaw): SeenWebhooks['refused'] {
  return seen?.refused.filter((one) => one.flaw === flaw) ?? [];
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what} was` : `${count} ${what}s were`;
}
