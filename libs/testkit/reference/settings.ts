import { Setting } from '#contract';

/** An account of Parley, a contact centre that nobody has ever seen. */
export class ParleySettings {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where the API of Parley is.', required: true })
  baseUrl: string;
  @Setting({ type: 'string', title: 'Account', help: 'The name of the account, from its start page.', required: true })
  account: string;
  @Setting({ type: 'string', title: 'API key', help: 'From the page "Developers".', required: true, secret: true })
  apiKey: string;
  @Setting({ type: 'string', title: 'Signing key', help: 'What events are signed with.', required: true, secret: true })
  signingKey: string;
  @Setting({ type: 'duration', title: 'End grace', help: 'How long a leaving may be a transfer.', default: '10s' })
  endGrace: string;
}

/** What a handover may set for itself. */
export class ParleyHandoverSettings {
  @Setting({ type: 'string', title: 'Queue', help: 'The name of the queue to wait in.' })
  queueId?: string;
}
