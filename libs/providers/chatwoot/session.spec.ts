import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProviderError, type OutboundMessage } from '#contract';
import { log, request, sessionFor } from './fixtures/account.js';
import { Refusal, VendorServer } from '#provider-kit/testing';
import type { ChatwootSettings } from './settings.js';

let vendor: VendorServer;

beforeAll(async () => {
  vendor = await VendorServer.start('/api/v1/accounts/2');
});
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.calls.length = 0;
  log.warn.mockClear();
});

const NOT_FOUND = new Refusal(404, { error: 'Resource could not be found' });
const open = (over: Partial<ChatwootSettings> = {}) => sessionFor(vendor.url, over);
/** Conversation 57 by the id that the gateway knows it by. */
const conversation = () => `${new URL(vendor.url).host}/2/57`;
const bodiesOf = (method: string, path: string) =>
  vendor.calls
    .filter((call) => call.method === method && call.path.endsWith(path))
    .map(({ body }) => body as Record<string, unknown>);
const NEW_CONTACT = {
  'POST /contacts/filter': { payload: [] },
  'POST /contacts': { payload: { contact: { id: 5 } } },
  'POST /conversations': { id: 57 },
};
const taken = (...attributes: string[]) => new Refusal(422, { message: 'has already been taken', attributes });

describe('a start', () => {
  it('creates the contact, then the conversation with all that belongs to it', async () => {
    vendor.routes(NEW_CONTACT);
    expect(await open().start(request({ transcript: [{ author: 'user', text: 'Hi' }] }))).toBe(conversation());
    expect(bodiesOf('POST', '/contacts/filter')[0]).toMatchObject({
      payload: [{ attribute_key: 'identifier', filter_operator: 'equal_to', values: ['u-1'] }],
    });
    expect(bodiesOf('POST', '/contacts')[0]).toMatchObject({
      identifier: 'u-1',
      name: 'Maria',
      email: 'maria@example.com',
    });
    expect(bodiesOf('POST', '/conversations')).toEqual([
      {
        source_id: 'ho_1',
        inbox_id: '7',
        contact_id: '5',
        status: 'open',
        custom_attributes: { email: 'maria@example.com', phone: '+436641234567', handoverId: 'ho_1' },
        message: { content: expect.stringContaining('**Customer:** Hi'), private: true, message_type: 'outgoing' },
      },
    ]);
  });

  it('takes the contact of the same identifier, and no other that the search brings', async () => {
    const payload = [
      { id: 4, identifier: 'u-10' },
      { id: 6, identifier: 'u-1' },
    ];
    vendor.routes({ ...NEW_CONTACT, 'POST /contacts/filter': { payload }, 'PUT /contacts/6': {} });
    await open().start(request({ user: {} }));
    expect(bodiesOf('POST', '/conversations')[0]).toMatchObject({ contact_id: '6' });
    expect(bodiesOf('POST', '/contacts')).toEqual([]);
    expect(bodiesOf('PUT', '/contacts/6')[0]).not.toHaveProperty('name');
  });

  it("leaves out an e-mail address that is another contact's, and never takes that contact", async () => {
    const create = jest.fn((call: { body: unknown }) =>
      (call.body as { email?: string }).email ? taken('email') : { payload: { contact: { id: 5 } } },
    );
    vendor.routes({ ...NEW_CONTACT, 'POST /contacts': create });
    await open().start(request());
    expect(create).toHaveBeenCalledTimes(2);
    expect(bodiesOf('POST', '/conversations')[0]).toMatchObject({
      contact_id: '5',
      custom_attributes: { email: 'maria@example.com' },
    });
  });

  it('takes the contact that another handover of the same user creates at the same moment', async () => {
    const filter = jest.fn(() => ({ payload: filter.mock.calls.length > 1 ? [{ id: 6, identifier: 'u-1' }] : [] }));
    vendor.routes({ ...NEW_CONTACT, 'POST /contacts/filter': filter, 'POST /contacts': taken('identifier') });
    await open().start(request());
    expect(bodiesOf('POST', '/conversations')[0]).toMatchObject({ contact_id: '6' });
  });

  it('lets nothing replace what ties the conversation to the handover', async () => {
    vendor.routes(NEW_CONTACT);
    const mine = { handoverId: 'mine' };
    await open().start(request({ user: { properties: mine }, settings: { customAttributes: mine } }));
    expect(bodiesOf('POST', '/conversations')[0]).toMatchObject({ custom_attributes: { handoverId: 'ho_1' } });
  });

  it('sends a phone number only in the form that Chatwoot takes', async () => {
    vendor.routes(NEW_CONTACT);
    await open().start(request({ user: { phone: '0664 123' } }));
    expect(bodiesOf('POST', '/contacts')[0]).not.toHaveProperty('phone_number');
    expect(bodiesOf('POST', '/conversations')[0]).toMatchObject({ custom_attributes: { phone: '0664 123' } });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['the contact is refused for another reason', { 'POST /contacts': taken('name') }, 'invalid'],
    ['the team is unknown', { 'GET /teams/11': NOT_FOUND }, 'not_found'],
    ['the inbox is unknown', { 'GET /teams/11': {}, 'POST /conversations': NOT_FOUND }, 'not_found'],
    ['nobody knows what became of it', { 'GET /teams/11': {}, 'POST /conversations': {} }, 'unknown_outcome'],
  ])('fails when %s', async (_, routes, code) => {
    vendor.routes({ ...NEW_CONTACT, 'GET /teams/11': {}, ...routes });
    await expect(open().start(request({ settings: { queueId: '11' } }))).rejects.toMatchObject({ code });
  });

  it('goes without labels and priority where Chatwoot refuses them', async () => {
    vendor.routes(NEW_CONTACT);
    expect(await open().start(request({ settings: { labels: 'a, b', priority: 'high' } }))).toBe(conversation());
    expect(log.warn).toHaveBeenCalledWith(expect.objectContaining({ what: 'labels' }), 'not set in Chatwoot');
    expect(bodiesOf('POST', '/conversations/57/labels')[0]).toEqual({ labels: ['a', 'b'] });
  });

  it("shows the copilot's link in the note, and nowhere else", async () => {
    vendor.routes(NEW_CONTACT);
    const copilotUrl = 'https://copilot.example/?URLToken=t';
    await open().start(request({ copilotUrl }));
    const { message, ...rest } = bodiesOf('POST', '/conversations')[0]!;
    expect(message).toMatchObject({ content: `Copilot: ${copilotUrl}`, private: true });
    expect(JSON.stringify(rest)).not.toContain('URLToken');
  });

  it('keeps the newest of a transcript that is too long', async () => {
    vendor.routes(NEW_CONTACT);
    const transcript = [...'ab'].map((text) => ({ author: 'user' as const, text: text.repeat(80_000) }));
    await open().start(request({ transcript }));
    const { content } = bodiesOf('POST', '/conversations')[0]!.message as { content: string };
    expect(content.length).toBeLessThan(100_100);
    expect(content.endsWith('b')).toBe(true);
  });
});

describe('a start whose answer was lost', () => {
  const inboxes = {
    payload: [
      { id: 1, channel_type: 'Channel::WebWidget' },
      { id: 7, inbox_identifier: 'box' },
    ],
  };
  const path = 'GET /public/api/v1/inboxes/box/contacts/ho_1/conversations';

  it.each<[string, unknown, number | null]>([
    ['is found by its own contact', [{ id: 57 }], 57],
    ['is known not to be there', [], null],
    ['is known not to be there when not even the contact is', NOT_FOUND, null],
  ])('%s', async (_, answer, expected) => {
    vendor.routes({ 'GET /inboxes': inboxes, [path]: answer });
    expect(await open().findStarted('ho_1')).toBe(expected && conversation());
  });

  it('stays unknown where it cannot be looked for', async () => {
    vendor.routes({ 'GET /inboxes': inboxes, [path]: new Refusal(500, {}) });
    await expect(open().findStarted('ho_1')).rejects.toBeInstanceOf(ProviderError);
  });
});

describe('a message', () => {
  const userSays = (text: string): OutboundMessage => ({ author: 'user', text, cards: [], attachments: [] });

  it("is incoming when it is the user's, and a note when it is the bot's", async () => {
    vendor.routes({ 'POST /conversations/57/messages': { id: 99 } });
    await open().send(conversation(), userSays('Hi'));
    await open().send(conversation(), { author: 'bot', text: 'see mention://user/3', cards: [], attachments: [] });
    expect(bodiesOf('POST', '/messages')).toEqual([
      { content: 'Hi', private: false, message_type: 'incoming' },
      { content: '**Bot:** see mention: //user/3', private: true, message_type: 'outgoing' },
    ]);
  });

  const cardOf = (text: string) => ({
    contentType: 'application/vnd.microsoft.card.adaptive',
    content: { type: 'AdaptiveCard', body: [{ type: 'TextBlock', text }] },
  });
  it.each<[string, OutboundMessage, (string | null)[], number, number]>([
    ['a text, as it is', userSays(' Hi '), [' Hi '], 0, 0],
    [
      'cards, as text after the text',
      { author: 'user', text: 'Hi', cards: [cardOf('A'), cardOf('B')], attachments: [] },
      ['Hi\n\nA\n\nB'],
      2,
      0,
    ],
    ['cards alone, as text', { author: 'bot', text: null, cards: [cardOf('A')], attachments: [] }, ['A'], 1, 0],
    ['nothing to read, not at all', { author: 'user', text: null, cards: [cardOf('')], attachments: [] }, [null], 0, 1],
    ['a long text, in parts', userSays('x'.repeat(150_000)), ['x'.repeat(100_000), 'x'.repeat(50_000)], 0, 0],
  ])('is shown: %s', (_, message, texts, losses, errors) => {
    const converted = open().convert(message);
    expect(converted.parts.map(({ text }) => text)).toEqual(texts);
    expect([converted.losses.length, converted.errors.length]).toEqual([losses, errors]);
    expect(converted.parts.every(({ author }) => author === message.author)).toBe(true);
  });

  const file = { id: 'blob--1=', filename: 'cat.gif' };
  const withFile: OutboundMessage = { ...userSays('look'), attachments: [file] };

  it('takes its files by the ids of their uploads', async () => {
    vendor.routes({ 'POST /conversations/57/messages': { id: 99 } });
    await open().send(conversation(), withFile);
    expect(bodiesOf('POST', '/messages')).toMatchObject([{ content: 'look', attachments: ['blob--1='] }]);
    expect(open().convert({ ...withFile, text: null }).errors).toEqual([]);
  });

  it.each<[string, object[], boolean]>([
    ['by it', [{ data_url: 'https://chat.example/redirect/blob--1%3D/cat.gif' }], true],
    ['not by another one', [{ data_url: 'https://chat.example/redirect/blob--2%3D/cat.gif' }], false],
    ['not by its text', [], false],
  ])('with a file is known %s', async (_, attachments, expected) => {
    const item = { id: 10, content: 'look', message_type: 0, private: false, attachments };
    vendor.routes({
      'GET /conversations/57/messages': { payload: [item] },
      'GET /conversations/57/messages?before=10': { payload: [] },
    });
    expect(await open().findSent(conversation(), withFile, 0)).toBe(expected);
    expect(await open().findSent(conversation(), userSays('look'), 0)).toBe(attachments.length === 0);
  });

  const incoming = (content: string) => ({ content, message_type: 0, private: false });
  const agent = { content: 'Hi', message_type: 1, private: false };
  const agentsNote = { content: 'Hi', message_type: 1, private: true };
  const botsNote = { content: '**Bot:** Hi', message_type: 1, private: true };
  const activity = { content: 'Assigned to Ann', message_type: 2, private: false };
  it.each<[string, object[], number, boolean]>([
    ['nothing is there', [], 0, false],
    ['it is the newest', [incoming('Hi')], 0, true],
    ['blanks at its ends were cut', [incoming('Hi ')], 0, true],
    ['only an earlier equal one is there', [incoming('Hi')], 1, false],
    ['both equal ones are there', [incoming('Hi'), incoming('Hi')], 1, true],
    ['others wrote since', [incoming('Hi'), agent, activity, agentsNote], 0, true],
    ['another one is newer', [incoming('Hi'), incoming('Bye')], 0, false],
    ['only others wrote the same', [agent, agentsNote], 0, false],
    ['only the bot wrote the same', [botsNote], 0, false],
  ])('is looked up: %s', async (_, messages, identicalBefore, expected) => {
    const payload = messages.map((message, index) => ({ id: 10 + index, ...message }));
    vendor.routes({
      'GET /conversations/57/messages': { payload },
      'GET /conversations/57/messages?before=10': { payload: [] },
    });
    expect(await open().findSent(conversation(), userSays('Hi'), identicalBefore)).toBe(expected);
  });

  it('is looked up beyond the first page', async () => {
    vendor.routes({
      'GET /conversations/57/messages': { payload: [{ id: 30, ...agent }] },
      'GET /conversations/57/messages?before=30': { payload: [{ id: 20, ...incoming('Hi') }] },
    });
    expect(await open().findSent(conversation(), userSays('Hi'), 0)).toBe(true);
  });
});

describe('an end', () => {
  it('resolves the conversation', async () => {
    vendor.routes({ 'POST /conversations/57/toggle_status': {} });
    await open().end(conversation());
    expect(bodiesOf('POST', '/toggle_status')).toEqual([{ status: 'resolved' }]);
  });

  it('only notes it where the settings say so', async () => {
    vendor.routes({ 'POST /conversations/57/messages': { id: 99 } });
    await open({ resolveOnClose: false }).end(conversation());
    expect(bodiesOf('POST', '/messages')).toMatchObject([{ private: true }]);
  });

  it('counts a conversation that is gone as ended, and no other failure', async () => {
    vendor.answer(404, NOT_FOUND.body);
    await open().end(conversation());
    vendor.answer(500, {});
    await expect(open().end(conversation())).rejects.toMatchObject({ code: 'unknown_outcome' });
  });
});

describe('an update', () => {
  it('keeps what agents have noted', async () => {
    vendor.routes({
      'GET /conversations/57': {
        id: 57,
        meta: { sender: { id: 5 } },
        custom_attributes: { checked: true, caseId: 'old' },
      },
      'PUT /contacts/5': {},
      'POST /conversations/57/custom_attributes': {},
    });
    await open().update(conversation(), { request: request({ user: { caseId: 'k-1' } }), userChanged: true });
    expect(bodiesOf('POST', '/custom_attributes')).toEqual([
      { custom_attributes: { checked: true, caseId: 'k-1', handoverId: 'ho_1' } },
    ]);
  });

  it('leaves the conversation where it is when the team is unknown', async () => {
    vendor.routes({ 'GET /teams/99': NOT_FOUND, 'POST /conversations/57/assignments': {} });
    await expect(
      open().update(conversation(), { request: request(), userChanged: false, queueId: '99' }),
    ).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(bodiesOf('POST', '/assignments')).toEqual([]);
  });
});

describe('a signal', () => {
  const contact = 'POST /public/api/v1/inboxes/box/contacts/ho_1/conversations/57';
  const routes = {
    'GET /conversations/57': { id: 57, inbox_id: 7, custom_attributes: { handoverId: 'ho_1' } },
    'GET /inboxes/7': { id: 7, inbox_identifier: 'box' },
  };

  it("comes from the contact, not from the token's owner", async () => {
    vendor.routes({ ...routes, [`${contact}/toggle_typing`]: {}, [`${contact}/update_last_seen`]: {} });
    await open().typing(conversation(), 'user');
    expect(vendor.calls.at(-1)!.body).toEqual({ typing_status: 'on' });
    expect(vendor.calls.at(-1)!.headers.api_access_token).toBeUndefined();
    await open().read(conversation(), new Date());
    expect(vendor.calls.at(-1)!.path).toMatch(/update_last_seen$/);
  });

  it('fails where the conversation is not ours', async () => {
    vendor.routes({ ...routes, 'GET /conversations/57': { id: 57, inbox_id: 7, custom_attributes: {} } });
    await expect(open().typing(conversation(), 'user')).rejects.toMatchObject({ code: 'unsupported' });
  });
});
