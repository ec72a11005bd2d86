import { describe, expect, it } from '@jest/globals';
import { WebhookRejected } from '#contract';
import {
  ANN,
  BEN,
  changed,
  conversation,
  conversationEvent,
  json,
  messageEvent,
  SUPPORT,
} from './fixtures/webhooks.js';
import { mapEvent, messageFact } from './mapping.js';

const map = (body: Buffer, systemMessages = false) => mapEvent(body, 'chat.example/2/', { systemMessages });
/** The facts alone, without where and when. */
const facts = (body: Buffer, systemMessages = false) =>
  map(body, systemMessages).map(({ conversation: _c, at: _a, handoverId: _h, ...fact }) => fact);
const types = (body: Buffer, systemMessages = false) => map(body, systemMessages).map(({ type }) => type);

const ann = { id: '3', name: 'Ann' };
const ben = { id: '4', name: 'Ben' };
const inbox = { id: 'inbox-7', name: null };
const team = { id: '11', name: 'support' };
const FILE = {
  id: 61,
  message_id: 801,
  file_type: 'image',
  data_url: 'https://chat.example/rails/active_storage/blobs/redirect/x/my%20cat.png',
};

describe('messages', () => {
  it("are an agent's when public and outgoing", () => {
    expect(map(messageEvent())).toEqual([
      {
        conversation: 'chat.example/2/57',
        at: Date.parse('2026-11-23T10:00:05.250Z'),
        handoverId: 'ho_1',
        type: 'message',
        id: '801',
        author: 'agent',
        agent: ann,
        text: 'How can I help?',
        cards: [],
        attachments: [],
      },
    ]);
  });

  it('bring their files, also without a text', () => {
    expect(facts(messageEvent({ content: null, attachments: [FILE] }))[0]).toMatchObject({
      text: null,
      attachments: [{ id: '61', filename: 'my cat.png', contentType: null, url: FILE.data_url }],
    });
  });

  it.each([
    ['https://chat.example/x/..%2F..%2Fetc%5Cpasswd', '.._.._etc_passwd'],
    ['https://chat.example/x/100%', '100%'],
    ['https://chat.example/', 'file'],
  ])('name a file at %s %s', (data_url, filename) => {
    expect(facts(messageEvent({ attachments: [{ ...FILE, data_url }] }))[0]).toMatchObject({
      attachments: [{ filename }],
    });
  });

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'no url', null])('leave out a file at %j', (data_url) => {
    expect(facts(messageEvent({ attachments: [{ ...FILE, data_url }] }))[0]).toMatchObject({ attachments: [] });
  });

  it.each<[string, Record<string, unknown>]>([
    ['a private note', { private: true }],
    ['a private note with a file', { private: true, content: null, attachments: [FILE] }],
    ['a private note by somebody who is no agent', { private: true, sender: { id: 1, type: 'agent_bot' } }],
    ['a private note of another type', { private: true, message_type: 'template' }],
    ['a message of unknown visibility', { private: undefined }],
    ['a message whose visibility is a text', { private: 'false' }],
    ['what the contact wrote, ours included', { message_type: 'incoming', sender: { id: 5, name: 'Maria' } }],
    ['a message without a type', { message_type: undefined }],
    ['an activity', { message_type: 'activity' }],
    ['an empty message', { content: '  ' }],
    ['nothing but a break', { content: '\\\n' }],
  ])('are ignored when they are %s', (_, over) => {
    expect(types(messageEvent(over))).toEqual(['ignored']);
    expect(types(messageEvent(over), true)).toEqual(['ignored']);
  });

  it.each([
    ['First line\\\nSecond line', 'First line\nSecond line'],
    ['a\\\n\\\nb', 'a\n\nb'],
    ['a\\\r\nb', 'a\r\nb'],
    ['C:\\\\\\\nnext', 'C:\\\\\nnext'],
    ['C:\\\\\nnext', 'C:\\\\\nnext'],
    ['C:\\new \\* \\', 'C:\\new \\* \\'],
  ])('have the lines that the agent wrote: %j', (content, text) => {
    expect(facts(messageEvent({ content }))[0]).toMatchObject({ text });
    expect(
      messageFact({ ...(JSON.parse(String(messageEvent({ content }))) as object), message_type: 1 }, false),
    ).toMatchObject({ text });
  });

  it.each<[string, Record<string, unknown>]>([
    ['an edited public message', {}],
    ['an edited note', { private: true }],
    ['a note made public', { private: false, content: 'was a note' }],
    ['a deleted message', { content_attributes: { deleted: true } }],
  ])('never come from an update: %s', (_, over) => {
    expect(types(messageEvent({ event: 'message_updated', ...over }), true)).toEqual(['ignored']);
  });

  it.each<[string, Record<string, unknown>]>([
    ['a bot of Chatwoot', { sender: { id: 1, name: 'Bot', type: 'agent_bot' } }],
    ['an automation', { sender: null }],
    ['Chatwoot itself', { message_type: 'template', sender: null }],
  ])('of %s pass only where the settings say so', (_, over) => {
    expect(types(messageEvent(over))).toEqual(['ignored']);
    expect(facts(messageEvent(over), true)[0]).toMatchObject({ type: 'message', author: 'system', agent: null });
  });

  it('take their text only from the message, never from the last one of the conversation', () => {
    const [note] = map(messageEvent({ private: true, content: 'secret' }), true);
    expect(JSON.stringify(note)).not.toMatch(/secret|earlier public/);
  });
});

describe('the course of a conversation', () => {
  it.each(['conversation_created', 'conversation_updated', 'conversation_status_changed'])(
    'is read from %s, with place and time',
    (event) => {
      expect(map(conversationEvent(event))).toEqual([
        { conversation: 'chat.example/2/57', at: 1_700_000_001_250, handoverId: 'ho_1', type: 'queued', queue: inbox },
      ]);
    },
  );

  it.each<[string, object, object, unknown[]]>([
    ['open and with nobody, for a team', {}, { team: SUPPORT }, [{ type: 'queued', queue: team }]],
    ['pending, with nobody', { status: 'pending' }, {}, [{ type: 'queued', queue: inbox }]],
    [
      'assigned',
      { changed_attributes: changed(['assignee_id', null, 3]) },
      { assignee: ANN, team: SUPPORT },
      [
        { type: 'assigned', queue: team },
        { type: 'agent.joined', agent: ann },
      ],
    ],
    [
      'snoozed, which leaves it with its agent',
      { status: 'snoozed', changed_attributes: changed(['status', 'open', 'snoozed']) },
      { assignee: ANN },
      [
        { type: 'assigned', queue: inbox },
        { type: 'agent.joined', agent: ann },
      ],
    ],
    [
      'given to another agent',
      { changed_attributes: changed(['assignee_id', 3, 4]) },
      { assignee: BEN },
      [
        { type: 'transferred' },
        { type: 'assigned', queue: inbox },
        { type: 'agent.joined', agent: ben },
        { type: 'agent.left', agent: { id: '3', name: null } },
      ],
    ],
    [
      'given to another team, whose agent is not known yet',
      { changed_attributes: changed(['team_id', 10, 11], ['assignee_id', 3, null]) },
      { team: SUPPORT },
      [
        { type: 'transferred' },
        { type: 'agent.left', agent: { id: '3', name: null } },
        { type: 'queued', queue: team },
      ],
    ],
    [
      'given to another team and, with that, to its agent',
      { changed_attributes: changed(['team_id', 10, 11], ['assignee_id', 3, 4]) },
      { team: SUPPORT, assignee: BEN },
      [
        { type: 'transferred' },
        { type: 'queued', queue: team },
        { type: 'agent.joined', agent: ben },
        { type: 'agent.left', agent: { id: '3', name: null } },
      ],
    ],
    [
      'taken back by a bot although an agent is named',
      { status: 'pending' },
      { assignee: ANN },
      [{ type: 'transferred' }, { type: 'agent.left', agent: ann }, { type: 'queued', queue: inbox }],
    ],
    [
      'assigned to a bot of Chatwoot, who is nobody',
      { changed_attributes: changed(['assignee_id', null, 3]) },
      { assignee: { id: 3, name: 'Bot', type: 'agent_bot' }, assignee_type: 'AgentBot' },
      [{ type: 'queued', queue: inbox }],
    ],
    [
      'resolved by its agent',
      { status: 'resolved', changed_attributes: changed(['status', 'open', 'resolved']) },
      { assignee: ANN },
      [{ type: 'agent.left', agent: ann }, { type: 'idle' }],
    ],
    ['resolved with nobody', { status: 'resolved' }, {}, [{ type: 'idle' }]],
    ['labelled, which says nothing new', { changed_attributes: null }, {}, [{ type: 'queued', queue: inbox }]],
  ])('when it is %s', (_, over, meta, expected) => {
    expect(facts(conversationEvent('conversation_updated', over as never, meta as never))).toEqual(expected);
  });

  it('has no time where an old Chatwoot tells none', () => {
    expect(map(conversationEvent('conversation_updated', { updated_at: undefined }))[0]!.at).toBeNull();
  });

  it('is not guessed from a status that is not known', () => {
    expect(types(conversationEvent('conversation_updated', { status: 'archived' }))).toEqual(['ignored']);
  });
});

it.each<[string, boolean]>([
  ['conversation_typing_on', true],
  ['conversation_typing_off', false],
])('typing of agents is told: %s', (event, expected) => {
  const body = json({ event, user: ANN, conversation: conversation(), is_private: false });
  expect(facts(body)).toEqual([{ type: 'typing', typing: expected, agent: ann }]);
});

describe('what is of no interest', () => {
  it.each<[string, Buffer]>([
    [
      'typing of the contact',
      json({
        event: 'conversation_typing_on',
        user: { id: 5, name: 'M' },
        conversation: conversation(),
        is_private: false,
      }),
    ],
    [
      'typing of unknown visibility',
      json({ event: 'conversation_typing_on', user: ANN, conversation: conversation() }),
    ],
    [
      'typing a note',
      json({ event: 'conversation_typing_on', user: ANN, conversation: conversation(), is_private: true }),
    ],
    ['an event of tomorrow', conversationEvent('conversation_merged')],
  ])('is ignored with its conversation: %s', (_, body) => {
    expect(map(body)).toMatchObject([{ type: 'ignored', conversation: 'chat.example/2/57' }]);
  });

  it.each<[string, Buffer]>([
    ['a contact', json({ event: 'contact_updated', id: 57, name: 'Maria', account: { id: 2 } })],
    ['a message without a conversation', json({ event: 'message_created', id: 1 })],
    ['a conversation without a usable id', conversationEvent('conversation_updated', { id: '57; DROP TABLE' })],
    ['a conversation whose id is an object', conversationEvent('conversation_updated', { id: { $gt: 0 } })],
  ])('is ignored as belonging to none: %s', (_, body) => {
    expect(map(body)).toMatchObject([{ type: 'ignored', conversation: '' }]);
  });

  it.each([Buffer.from(''), Buffer.from('{'), Buffer.from('null'), json([]), json({}), json({ event: 7 })])(
    'is refused when it is no event: %s',
    (body) => {
      expect(() => map(body)).toThrow(WebhookRejected);
    },
  );
});
