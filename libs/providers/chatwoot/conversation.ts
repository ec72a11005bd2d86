import type { FieldError, StartRequest } from '#contract';
import { transcriptText } from '#provider-kit';
import { note } from './message.js';
import type { ChatwootHandoverSettings } from './settings.js';

export type Request = StartRequest<ChatwootHandoverSettings>;

/** Chatwoot source: the length of a custom attribute's text, and of a message. */
const MAX_ATTRIBUTE = 1_500;
const MAX_NOTE = 100_000;
const IDS = ['inboxId', 'queueId', 'assigneeId'] as const;

/** The account's defaults with the request's own over them. */
export function settingsOf({ defaults, settings }: Request): ChatwootHandoverSettings {
  const customAttributes = { ...defaults.customAttributes, ...settings.customAttributes };
  return { ...defaults, ...settings, customAttributes };
}

/** What keeps a request from being sent. Pointers into the handover request. */
export function check(request: Request): FieldError[] {
  const settings = settingsOf(request);
  const errors: FieldError[] = [];
  if (!settings.inboxId)
    errors.push({
      pointer: '/settings/inboxId',
      detail: "is missing: name an API inbox here (or in the provider's defaults)",
    });
  for (const name of IDS) {
    const isId = settings[name] === undefined || /^[1-9]\d{0,17}$/.test(settings[name]);
    if (!isId) errors.push({ pointer: `/settings/${name}`, detail: 'must be an id of Chatwoot, a whole number' });
  }
  for (const [pointer, values] of [
    ['/settings/customAttributes', settings.customAttributes],
    ['/user/properties', request.user.properties],
  ] as const)
    for (const [key, value] of Object.entries(values ?? {})) {
      const isPlain = ['string', 'number', 'boolean'].includes(typeof value) && String(value).length <= MAX_ATTRIBUTE;
      const detail = `must be a text of at most ${MAX_ATTRIBUTE} characters, a number, true or false`;
      if (!isPlain) errors.push({ pointer: `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, detail });
    }
  return errors;
}

/** The user as a contact. Chatwoot API documentation: phone numbers in E.164 form only. */
export function contactOf({ user, userId }: Request) {
  return {
    identifier: user.customerId || userId,
    name: user.name?.slice(0, 255),
    email: user.email,
    phone_number: /^\+[1-9]\d{1,14}$/.test(user.phone ?? '') ? user.phone : undefined,
    additional_attributes: { company_name: user.company },
  };
}

/** What agents see beside the conversation. `handoverId` ties it to the handover and cannot be overridden. */
export function attributesOf(request: Request): Record<string, unknown> {
  const { properties, name: _name, ...user } = request.user;
  return { ...settingsOf(request).customAttributes, ...user, ...properties, handoverId: request.handoverId };
}

/**
 * What was said before, and the copilot's link, as a note for agents; undefined where there is neither. Of a very long one the newest
 * part. Only here is the link, so that no event but the note's own repeats it.
 */
export function transcriptNote(request: Request): string | undefined {
  const { copilotUrl } = request;
  const said = transcriptText(request, MAX_NOTE, (name) => `**${name}:**`);
  const parts = [
    ...(said === '' ? [] : [`Before the handover:\n\n${said}`]),
    ...(copilotUrl === null ? [] : [`Copilot: ${copilotUrl}`]),
  ];
  return parts.length === 0 ? undefined : note(parts.join('\n\n'));
}
