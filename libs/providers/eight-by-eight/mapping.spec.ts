import { describe, expect, it } from '@jest/globals';
import { AT, bytes, CONVERSATION, map } from './fixtures/map.js';
import { isConnectionTest, mapEvent } from './mapping.js';

describe('lifecycle events', () => {
  it.each([
    ['CONVERSATION_UPDATE', { state: 'created' }, { type: 'created' }],
    ['CONVERSATION_UPDATE', { state: 'CREATED' }, { type: 'created' }],
    ['CONVERSATION_UPDATE', { state: 'Idle' }, { type: 'idle' }],
    ['CONVERSATION_UPDATE', { state: 'active' }, { type: 'assigned', queue: null }],
    [
      'CONVERSATION_UPDATE',
      { state: 'active', assignment: { type: 'queue', id: '101' } },
      { type: 'assigned', queue: { id: '101', name: null } },
    ],
    [
      'CONVERSATION_UPDATE',
      { state: 'active', assignment: { type: 'agent', id: 'agA' } },
      { type: 'assigned', queue: null },
    ],
    ['QUEUED', { queueId: '101', queueName: 'Support' }, { type: 'queued', queue: { id: '101', name: 'Support' } }],
    ['QUEUED', { queueId: ' 123 ', queueName: ' S ' }, { type: 'queued', queue: { id: '123', name: 'S' } }],
    ['QUEUED', { queueId: 101 }, { type: 'queued', queue: { id: '101', name: null } }],
    [
      'MEMBERS_CHANGED',
      { memberType: 'agent', change: 'joined', id: 'agA' },
      { type: 'agent.joined', agent: { id: 'agA', name: null } },
    ],
    [
      'MEMBERS_CHANGED',
      { memberType: 'agent', change: 'left', id: 'agA' },
      { type: 'agent.left', agent: { id: 'agA', name: null } },
    ],
    ['MEMBERS_CHANGED', { memberType: 'user', change: 'left', id: 'u' }, { type: 'user.left' }],
    ['TRANSFER', undefined, { type: 'transferred' }],
    ['TRANSFER', { anything: 'new' }, { type: 'transferred' }],
  ])('%s %j becomes %j', (eventType, data, fact) => {
    const { visitor: _, ...mapped } = map(eventType, data);
    expect(mapped).toEqual({ conversation: CONVERSATION, at: AT, ...fact });
  });

  it('an active conversation that no queue and no agent has tells of its visitor', () => {
    const user = {
      name: ' Ann ',
      userId: 7,
      email: 5,
      company: 'c'.repeat(300),
      additionalProperties: [
        { key: 'page', value: '/prices', id: '1' },
        { key: 'handoverId', value: 'ho_1' },
        { key: 'n', value: 7 },
      ],
    };
    const active = (more: object) => map('CONVERSATION_UPDATE', { state: 'ACTIVE', user, ...more }).visitor;
    const visitor = {
      userId: '7',
      user: { name: 'Ann', company: 'c'.repeat(255), properties: { page: '/prices' } },
      channel: 'WhatsApp',
      isForeign: true,
    };
    expect(active({ channel: 'WhatsApp', assignment: { type: 'webhook', id: 'w' } })).toEqual(visitor);
    expect(active({ channel: 'WhatsApp', assignment: { type: 'script', id: 's' } })).toEqual(visitor);
    expect(active({ channel: 'ChatAPI' })).toMatchObject({ channel: 'ChatAPI', isForeign: false });
    expect(active({})).toMatchObject({ channel: null, isForeign: false });
    for (const type of ['queue', 'agent']) expect(active({ assignment: { type, id: '1' } })).toBeUndefined();
    expect(map('CONVERSATION_UPDATE', { state: 'idle', channel: 'WhatsApp' })).not.toHaveProperty('visitor');
  });

  it.each([
    ['CONVERSATION_UPDATE', { state: 'paused' }],
    ['CONVERSATION_UPDATE', { state: 7 }],
    ['CONVERSATION_UPDATE', undefined],
    ['QUEUED', { queueId: null }],
    ['QUEUED', { queueId: {} }],
    ['QUEUED', { queueId: 'q'.repeat(256) }],
    ['MEMBERS_CHANGED', { memberType: 'user', change: 'joined', id: 'u' }],
    ['MEMBERS_CHANGED', { memberType: 'bot', change: 'left', id: 'b' }],
    ['MEMBERS_CHANGED', { memberType: 'agent', change: 'muted', id: 'agA' }],
    ['MEMBERS_CHANGED', { memberType: 'agent', change: 'left' }],
    ['MEMBERS_CHANGED', 'agent left'],
    ['SOMETHING_NEW', { state: 'idle' }],
    ['WEB_HOOK_VERIFY', undefined],
  ])('%s %j is ignored, with a reason', (eventType, data) => {
    expect(map(eventType, data)).toEqual({
      conversation: CONVERSATION,
      at: AT,
      type: 'ignored',
      reason: expect.stringMatching(/.+/),
    });
  });

  it.each([
    [[{ key: 'handoverId', value: 'ho_1' }]],
    [
      [
        { key: 'a', value: 'b' },
        { key: ' handoverId ', value: 'ho_1', id: '7' },
      ],
    ],
    [{ handoverId: 'ho_1' }],
  ])('every conversation update carries the handover id out of %j', (additionalProperties) => {
    for (const state of ['created', 'active', 'idle', 'unheard-of']) {
      expect(map('CONVERSATION_UPDATE', { state, user: { additionalProperties } })).toMatchObject({
        handoverId: 'ho_1',
      });
    }
  });

  it.each([null, 'x', 7, [], [null], [{ key: 'handoverId' }], [{ key: 7, value: 'x' }]])(
    'a conversation update with the properties %j carries none',
    (additionalProperties) => {
      expect(map('CONVERSATION_UPDATE', { state: 'idle', user: { additionalProperties } })).not.toHaveProperty(
        'handoverId',
      );
    },
  );

  it.each(['AGENT_JOINED', 'AGENT_LEFT', 'TEXT'])('%s tells that the webhook is of an older version', (eventType) => {
    expect(map(eventType)).toMatchObject({ type: 'ignored', reason: expect.stringContaining('Chat Gateway v1.0') });
  });
});

describe('activities', () => {
  it.each([
    ['adaptiveCard/action', { type: 'Action.Submit', data: { a: 1 } }],
    ['quickReply/action', { type: 'postback', data: { title: 'One', payload: '1' } }],
    ['read-receipts', [{ timestamp: 1, users: [{ id: 'agA', type: 'agent' }] }]],
    ['interactive/reply', null],
  ])('%s is passed on', (name, value) => {
    expect(map('ACTIVITY', { name, value })).toMatchObject({ type: 'activity', name, value });
  });

  it.each([{ name: 7 }, {}, undefined])('%j is ignored', (data) => {
    expect(map('ACTIVITY', data)).toMatchObject({ type: 'ignored' });
  });

  it.each([
    [[{ id: 'agA', type: 'agent' }], { typing: true, agent: { id: 'agA', name: null } }],
    [
      [{ id: 'u', type: 'user' }, null, { id: 'agB', type: 'agent' }],
      { typing: true, agent: { id: 'agB', name: null } },
    ],
    [[{ type: 'agent' }], { typing: true, agent: null }],
    [[], { typing: false, agent: null }],
  ])('typing of %j tells whether an agent types', (users, fact) => {
    expect(map('ACTIVITY', { name: 'typing', value: { users } })).toMatchObject({ type: 'typing', ...fact });
  });

  it.each([undefined, null, [], { users: null }, { users: 'agA' }, { users: [{ id: 'u', type: 'user' }] }])(
    'typing of %j says nothing of agents',
    (value) => {
      expect(map('ACTIVITY', { name: 'typing', value })).toMatchObject({ type: 'ignored' });
    },
  );

  it('keeps the list of a read receipt as it is', () => {
    const value = [{ timestamp: 1, users: [{ id: 'agA', type: 'agent' }] }];
    expect(map('ACTIVITY', { name: 'read-receipts', value })).toMatchObject({
      type: 'activity',
      name: 'read-receipts',
      value,
    });
  });

  it('keeps an own property named __proto__ a property', () => {
    const body =
      '{"eventType":"ACTIVITY","conversationId":"c","data":{"name":"x","value":{"__proto__":{"admin":true}}}}';
    const [event] = mapEvent(bytes(body), { systemMessages: false });
    expect(JSON.stringify((event as { value?: unknown }).value)).toBe('{"__proto__":{"admin":true}}');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe('the envelope', () => {
  it.each([
    '',
    ' ',
    'null',
    '7',
    '"x"',
    '[]',
    '{',
    '{}',
    '{"eventType":7}',
    '{"eventType":"TRANSFER"}',
    '\u001f\u008b',
  ])('is no event: %j', (body) => {
    expect(() => mapEvent(bytes(body), { systemMessages: false })).toThrow(
      expect.objectContaining({ name: 'WebhookRejected', reason: 'invalid' }),
    );
  });

  it.each([7, null, '', 'c'.repeat(256), {}, 'a\0b'])(
    'refuses a known event with the conversation id %j',
    (conversationId) => {
      expect(() => mapEvent(bytes({ eventType: 'TRANSFER', conversationId }), { systemMessages: false })).toThrow(
        expect.objectContaining({ reason: 'invalid' }),
      );
    },
  );

  it('does not need a conversation for an event that it does not know', () => {
    expect(mapEvent(bytes({ eventType: 'NEW' }), { systemMessages: false })).toEqual([
      { conversation: '', at: null, type: 'ignored', reason: 'unknown event type NEW' },
    ]);
  });

  it.each([
    [0, 0],
    [1.7, 1],
    [-1, null],
    ['1713100000000', null],
    [null, null],
    [1e300, null],
  ])('reads the time %j as %j', (timestamp, at) => {
    const body = bytes({ eventType: 'TRANSFER', conversationId: 'c', timestamp });
    expect(mapEvent(body, { systemMessages: false })).toMatchObject([{ at }]);
  });
});

describe('the connection test', () => {
  it.each([
    '{"notificationVersion":"Chat Gateway v1.0","eventType":"WEB_HOOK_VERIFY"}',
    '{"eventType":"WEB_HOOK_VERIFY","timestamp":1,"more":{}}',
  ])('is recognised: %s', (body) => {
    expect(isConnectionTest(bytes(body))).toBe(true);
  });

  it.each(['', '{', '[]', 'null', '{"eventType":"TRANSFER"}', '{"eventType":"WEB_HOOK_VERIFY","conversationId":"c"}'])(
    'is not: %s',
    (body) => {
      expect(isConnectionTest(bytes(body))).toBe(false);
    },
  );

  it('is never a large body', () => {
    expect(isConnectionTest(bytes({ eventType: 'WEB_HOOK_VERIFY', filler: 'x'.repeat(20_000) }))).toBe(false);
  });
});
