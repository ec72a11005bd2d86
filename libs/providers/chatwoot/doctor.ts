import type { CheckContext, CheckFinding } from '#contract';
import { ANSWERS, type ChatwootClient } from './client.js';
import { finding, listAt, textAt } from '#provider-kit';
import type { ChatwootHandoverSettings } from './settings.js';

/** What to look at in Chatwoot, one after the other: what fails early makes what comes after it pointless. */
export async function checkAccount(
  client: ChatwootClient,
  { defaults, webhookUrls, seen }: CheckContext<ChatwootHandoverSettings>,
): Promise<CheckFinding[]> {
  const answer = await client.account('GET', '/inboxes', ANSWERS.list).catch((error: Error) => error);
  if (answer instanceof Error)
    return [finding('error', 'account', answer.message, 'Check baseUrl, accountId and apiAccessToken.')];
  const findings = [finding('ok', 'account', 'Chatwoot takes the token for this account.')];
  const { inboxId, queueId } = defaults;
  const inbox = listAt(answer, 'payload').find(({ id }) => String(id) === inboxId);
  const identifier = textAt(inbox, 'inbox_identifier');
  if (inboxId === undefined) findings.push(finding('warning', 'inbox', 'No inbox is named.', 'Set defaults.inboxId.'));
  else if (identifier === null) {
    const seenAs = inbox ? 'is not of the channel API' : 'is not among those that the token may use';
    const action = 'Create an inbox of the channel API, and make the user of the token an agent of it.';
    findings.push(finding('error', 'inbox', `Inbox ${inboxId} ${seenAs}.`, action));
  } else {
    findings.push(finding('ok', 'inbox', `Inbox ${inboxId} is of the channel API.`));
    const url = textAt(inbox, 'webhook_url');
    const isHere = url !== null && url === webhookUrls[0];
    const action = 'Set the webhook URL in the settings of the inbox, unless a webhook of the account points here.';
    findings.push(isHere ? finding('ok', 'webhook', 'The inbox sends its events here.') : finding('warning', 'webhook', 'The inbox does not send its events here.', action)); // prettier-ignore
  }
  if (queueId !== undefined) {
    const error = await client.account('GET', `/teams/${queueId}`, ANSWERS.saved).then(() => null, (reason: Error) => reason); // prettier-ignore
    findings.push(error ? finding('error', 'team', error.message, 'Set defaults.queueId to the id of a team.') : finding('ok', 'team', `Team ${queueId} is known.`)); // prettier-ignore
  }
  const refused = seen?.refused.at(-1);
  const action = 'Compare webhookSecret with the one in the settings of the inbox, and the clocks.';
  if (refused) findings.push(finding('error', 'signature', `An event was refused: ${refused.message}.`, action));
  return findings;
}
