import { describe, expect, it } from '@jest/globals';
import type { StartRequest } from '#contract';
import { createBody as bodyWithin, queueOf } from './create-body.js';
import type { EightByEightHandoverSettings } from './settings.js';

type Request = StartRequest<EightByEightHandoverSettings>;

const request = (changes: Partial<Request> = {}): Request => ({
  handoverId: 'ho_1',
  sessionId: 's-17',
  userId: 'u-42',
  user: {},
  transcript: [],
  copilotUrl: null,
  defaults: { channelId: 'channel-1' },
  settings: {},
  ...changes,
});
const createBody = (of: Request) => bodyWithin(of, 4_000);
/** The body of a request whose JSON properties come from the defaults, then from the handover. */
const layered = (defaults: unknown, settings?: unknown, changes: Partial<Request> = {}) =>
  createBody(
    request({
      defaults: { channelId: 'channel-1', jsonProperties: defaults as Record<string, unknown> },
      settings: { jsonProperties: settings as Record<string, unknown> },
      ...changes,
    }),
  );
const pointers = (result: ReturnType<typeof createBody>) => result.errors.map(({ pointer }) => pointer);
const OURS = { key: 'handoverId', value: 'ho_1' };
const LINK = { key: 'copilotUrl', value: 'https://copilot.example.com/?userId=u-42&sessionId=s-17&URLToken=t' };
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));

describe('the queue of a handover', () => {
  const inLayers = (id: unknown) => ({ jsonProperties: { assignment: { id } } });
  it.each<[string, Partial<Request>, string | null]>([
    ['of the request', { settings: { queueId: ' 2 ' }, defaults: { queueId: '1' } }, '2'],
    ['of the defaults', { defaults: { queueId: '1 ' } }, '1'],
    ['left to the channel', {}, null],
    ['left to the channel by the request', { settings: { queueId: ' ' }, defaults: { queueId: '1' } }, null],
    ['of the JSON properties', { settings: inLayers('2 '), defaults: { queueId: '1' } }, '2'],
    ['of the JSON properties of the defaults', { settings: { queueId: '1' }, defaults: inLayers('2') }, '2'],
    ['taken away', { settings: { jsonProperties: { assignment: null } }, defaults: { queueId: '1' } }, null],
  ])('%s is the one that is told and asked for', (_, layers, expected) => {
    const { body, errors } = createBody(request({ defaults: {}, ...layers }));
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/settings/channelId']);
    expect([queueOf(request({ defaults: {}, ...layers })), body.assignment?.id ?? null]).toEqual([expected, expected]);
  });

  it('is none where a script gets the conversation, or the id is none', () => {
    const script = { assignment: { type: 'script', id: 's1' } };
    for (const settings of [{ jsonProperties: script }, inLayers(7), { jsonProperties: { assignment: 'x' } }])
      expect(queueOf(request({ settings, defaults: { queueId: '1' } }))).toBeNull();
  });
});

describe('what is built from a handover', () => {
  it('is the whole of the vendor’s schema, and no more', () => {
    const { body, errors } = createBody(
      request({
        user: {
          name: 'James Jones',
          email: 'james@example.com',
          phone: '+44791784',
          company: 'Acme',
          language: 'en-GB',
          customerId: 'c-9',
          caseId: 'k-1',
          properties: { ' Intent ': ' balance ', Authenticated: 'yes' },
        },
        transcript: [
          { author: 'user', text: 'My balance please' },
          { author: 'bot', text: 'Which account?' },
          { author: 'system', text: 'Moment' },
          { author: 'user', text: '  ' },
        ],
        defaults: { channelId: 'channel-1', queueId: '1' },
        settings: { channelId: 'channel-2', queueId: ' 123 ' },
      }),
    );
    expect(errors).toEqual([]);
    expect(body).toEqual({
      channelId: 'channel-2',
      user: {
        name: 'James Jones',
        email: 'james@example.com',
        phone: '+44791784',
        company: 'Acme',
        language: 'en',
        userId: 'c-9',
        caseId: 'k-1',
        additionalProperties: [{ key: 'Intent', value: 'balance' }, { key: 'Authenticated', value: 'yes' }, OURS],
      },
      assignment: { type: 'queue', id: '123' },
      history: {
        messages: [
          { authorType: 'user', text: 'My balance please' },
          { authorType: 'bot', text: 'Which account?' },
          { authorType: 'bot', text: 'Moment' },
        ],
      },
    });
  });

  it('leaves out what there is none of', () => {
    const { body, errors } = createBody(request({ user: { name: '', email: '' } }));
    expect(errors).toEqual([]);
    expect(body).toEqual({ channelId: 'channel-1', user: { userId: 'u-42', additionalProperties: [OURS] } });
  });

  it('sends what is too long in parts, and of those too the newest 200', () => {
    const transcript = [
      { author: 'user' as const, text: 'one two three' },
      { author: 'bot' as const, text: '👨‍👩‍👧 family' },
    ];
    expect(bodyWithin(request({ transcript }), 8).body.history!.messages).toEqual([
      { authorType: 'user', text: 'one two ' },
      { authorType: 'user', text: 'three' },
      { authorType: 'bot', text: '👨‍👩‍👧' },
      { authorType: 'bot', text: ' family' },
    ]);
    const long = [{ author: 'user' as const, text: 'x'.repeat(1_999) + 'y' }];
    const { messages } = bodyWithin(request({ transcript: long }), 8).body.history!;
    expect([messages.length, messages.at(-1)!.text]).toEqual([200, 'xxxxxxxy']);
  });

  it('sends the newest 200 entries of the transcript, oldest first', () => {
    const transcript = Array.from({ length: 250 }, (_, index) => ({ author: 'user' as const, text: `m${index}` }));
    const messages = createBody(request({ transcript })).body.history!.messages;
    expect(messages).toHaveLength(200);
    expect([messages[0]!.text, messages[199]!.text]).toEqual(['m50', 'm249']);
  });

  it('ends the history with the copilot’s link, which counts among the 200', () => {
    const transcript = Array.from({ length: 250 }, (_, index) => ({ author: 'user' as const, text: `m${index}` }));
    const messages = createBody(request({ transcript, copilotUrl: LINK.value })).body.history!.messages;
    expect(messages).toHaveLength(200);
    expect([messages[0]!.text, messages[198]!.text]).toEqual(['m51', 'm249']);
    expect(messages[199]).toEqual({ authorType: 'bot', text: LINK.value });
    const alone = createBody(request({ copilotUrl: LINK.value })).body;
    expect(alone.history).toEqual({ messages: [{ authorType: 'bot', text: LINK.value }] });
  });

  it.each([
    ['de', 'de'],
    ['DE-at', 'de'],
    ['pt_BR', 'pt'],
    ['zh-cn', 'zh-CN'],
    ['zh-Hant-HK', 'zh-TW'],
    ['zh', 'zh-CN'],
    ['nb', 'no'],
    ['tlh', 'en'],
    ['constructor', 'en'],
  ])('sends the language %s as %s', (language, code) => {
    expect(createBody(request({ user: { language } })).body.user.language).toBe(code);
  });

  it('keeps its own properties, whatever the customer’s say', () => {
    const properties = { handoverId: 'forged', copilotUrl: 'https://evil.example' };
    expect(createBody(request({ user: { properties } })).body.user.additionalProperties).toEqual([OURS]);
    const { body } = createBody(request({ user: { properties }, copilotUrl: LINK.value }));
    expect(body.user.additionalProperties).toEqual([LINK, OURS]);
  });
});

describe('JSON properties', () => {
  it('are laid over the body: objects key by key, the handover’s over the provider’s', () => {
    const { body, errors } = layered(
      { user: { company: 'Default', phone: '1' }, assignment: { type: 'script', id: 's1' } },
      { user: { company: 'Own', ipaddress: '192.0.2.1' }, assignment: { id: 's2' } },
      { user: { name: 'Ann', phone: '0' } },
    );
    expect(errors).toEqual([]);
    expect(body.user).toMatchObject({
      name: 'Ann',
      company: 'Own',
      phone: '1',
      ipaddress: '192.0.2.1',
      userId: 'u-42',
    });
    expect(body.assignment).toEqual({ type: 'script', id: 's2' });
  });

  it.each([
    [
      'two lists',
      [
        { key: 'a', value: '2' },
        { key: 'b', value: '3' },
      ],
      [{ key: 'b', value: '4' }],
    ],
    ['two objects', { a: '2', b: '3' }, { b: '4' }],
    [
      'a list and an object',
      [
        { key: ' a ', value: ' 2 ' },
        { key: 'b', value: '3' },
      ],
      { b: '4' },
    ],
    ['an object and a list', { a: '2', b: '3' }, [{ key: 'b', value: '4' }]],
  ])('merge additional properties by their key: %s', (_what, defaults, own) => {
    const { body, errors } = layered(
      { user: { additionalProperties: defaults } },
      { user: { additionalProperties: own } },
      { user: { properties: { a: '1', z: '0' } } },
    );
    expect(errors).toEqual([]);
    expect(body.user.additionalProperties).toEqual([
      { key: 'a', value: '2' },
      { key: 'z', value: '0' },
      { key: 'b', value: '4' },
      OURS,
    ]);
  });

  it.each([
    [
      [
        { key: 'handoverId', value: 'forged' },
        { key: 'copilotUrl', value: 'https://evil.example' },
      ],
    ],
    [{ handoverId: 'forged', copilotUrl: 'https://evil.example' }],
    [{ ' handoverId ': 'forged', 'copilotUrl ': null }],
    [null],
  ])('cannot take what ties the conversation to the handover: %j', (additionalProperties) => {
    const { body, errors } = layered(
      { user: { additionalProperties } },
      { channelId: 'stolen', history: { messages: [] }, user: { additionalProperties } },
      { copilotUrl: LINK.value, transcript: [{ author: 'user', text: 'Hi' }] },
    );
    expect(errors).toEqual([]);
    expect(body.channelId).toBe('channel-1');
    expect(body.history?.messages).toEqual([
      { authorType: 'user', text: 'Hi' },
      { authorType: 'bot', text: LINK.value },
    ]);
    expect(body.user.additionalProperties).toEqual([LINK, OURS]);
  });

  it('cannot bring a link to a copilot that the provider does not have', () => {
    const { body } = layered({ user: { additionalProperties: { copilotUrl: 'https://evil.example' } } });
    expect(body.user.additionalProperties).toEqual([OURS]);
  });

  it('take away what they set to null', () => {
    const { body, errors } = layered(
      { user: { name: null, additionalProperties: { gone: null } } },
      { assignment: null },
      { user: { name: 'Ann', phone: '1', properties: { gone: 'x', stays: 'y' } } },
    );
    expect(errors).toEqual([]);
    expect(body).toEqual({
      channelId: 'channel-1',
      user: { userId: 'u-42', phone: '1', additionalProperties: [{ key: 'stays', value: 'y' }, OURS] },
    });
  });

  it('are harmless with the names of JavaScript’s own', () => {
    const nasty = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as object;
    const result = layered(nasty, { user: JSON.parse('{"__proto__":{"polluted":1}}') as object });
    expect(pointers(result)).toEqual([
      '/settings/jsonProperties/__proto__',
      '/settings/jsonProperties/constructor',
      '/settings/jsonProperties/user/__proto__',
    ]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(layered({ user: { additionalProperties: JSON.parse('{"__proto__":"x"}') as object } }).errors).toEqual([]);
  });

  it('do not change what they are given', () => {
    const defaults = { user: { additionalProperties: [{ key: 'a', value: '1' }], company: 'A' } };
    const before = structuredClone(defaults);
    layered(defaults, { user: { company: 'B' } });
    expect(defaults).toEqual(before);
  });
});

describe('what is wrong with a request', () => {
  it('no channel', () => {
    expect(createBody(request({ defaults: {}, settings: {} })).errors).toEqual([
      { pointer: '/settings/channelId', detail: expect.stringContaining('is missing') },
    ]);
  });

  it('more than 30 additional properties, ours included', () => {
    expect(createBody(request({ user: { properties: many(29) } })).errors).toEqual([]);
    const result = createBody(request({ user: { properties: many(30) } }));
    expect(result.errors).toEqual([{ pointer: '/user/properties', detail: expect.stringContaining('30') }]);
    expect(
      pointers(layered({ user: { additionalProperties: { one: 'more' } } }, {}, { user: { properties: many(29) } })),
    ).toEqual(['/user/properties']);
  });

  it('… and with a copilot its link is one of them', () => {
    const withLink = (count: number) => request({ user: { properties: many(count) }, copilotUrl: LINK.value });
    expect(createBody(withLink(28)).errors).toEqual([]);
    expect(pointers(createBody(withLink(29)))).toEqual(['/user/properties']);
  });

  it.each([
    [[{ key: 'a', value: 7 }]],
    [[{ key: 7, value: 'a' }]],
    [[{ key: ' ', value: 'a' }]],
    [[{ value: 'a' }]],
    [['a']],
    [[null]],
    [{ a: true }],
    [{ a: {} }],
    [{ ' ': 'a' }],
    ['a=b'],
    [7],
  ])('additional properties %j', (additionalProperties) => {
    expect(pointers(layered({ user: { additionalProperties } }))).toEqual([
      '/settings/jsonProperties/user/additionalProperties',
    ]);
  });

  it.each([
    [{ user: 'Ann' }, '/settings/jsonProperties/user'],
    [{ user: null }, '/settings/jsonProperties/user'],
    [{ user: [] }, '/settings/jsonProperties/user'],
    [{ user: { name: 7 } }, '/settings/jsonProperties/user/name'],
    [{ user: { language: ['en'] } }, '/settings/jsonProperties/user/language'],
    [{ user: { timezoneOffset: {} } }, '/settings/jsonProperties/user/timezoneOffset'],
    [{ user: { email: 'nobody' } }, '/settings/jsonProperties/user/email'],
    [{ user: { shoe: '42' } }, '/settings/jsonProperties/user/shoe'],
    [{ 'a/b~c': 1 }, '/settings/jsonProperties/a~1b~0c'],
    [{ assignment: 'queue' }, '/settings/jsonProperties/assignment'],
    [{ assignment: { type: 'agent', id: '1' } }, '/settings/jsonProperties/assignment/type'],
    [{ assignment: { type: 'queue' } }, '/settings/jsonProperties/assignment/id'],
    [{ assignment: { type: 'queue', id: 7 } }, '/settings/jsonProperties/assignment/id'],
    [{ assignment: { id: '1', priority: 1 } }, '/settings/jsonProperties/assignment/priority'],
  ])('%j', (jsonProperties, pointer) => {
    expect(pointers(layered({}, jsonProperties))).toEqual([pointer]);
    expect(pointers(layered(jsonProperties))).toEqual([pointer]);
  });

  it('an e-mail address that is none', () => {
    expect(pointers(createBody(request({ user: { email: 'nobody' } })))).toEqual(['/user/email']);
  });
});
