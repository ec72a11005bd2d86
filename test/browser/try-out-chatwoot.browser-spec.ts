import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/wait.js';
import { TryOutProgram } from './try-out-program.js';

jest.setTimeout(120_000);

const CHAT = 'chat-with-chatwoot-1';

describe('the try-out with Chatwoot', () => {
  let program: TryOutProgram;
  let urls: { chat: string; desktop: string };
  beforeAll(async () => {
    program = new TryOutProgram({}, ['--provider', 'chatwoot']);
    urls = await program.ready();
  });
  afterAll(() => program.cleanUp());

  /** The newest state that a page of the try-out is sent. */
  async function shown<T>(url: string): Promise<T> {
    const stop = new AbortController();
    const answer = await fetch(url, { signal: stop.signal });
    let text = '';
    for await (const part of answer.body!) {
      text += Buffer.from(part as Uint8Array).toString('utf8');
      if (text.includes('\n\n')) break;
    }
    stop.abort();
    return JSON.parse(text.replace(/^data: /, '').split('\n\n')[0]!) as T;
  }
  const chat = async (): Promise<string> => JSON.stringify(await shown(`${urls.chat}/chats/${CHAT}/stream`));
  const post = async (url: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).ok).toBe(true);
  };

  it('hands the sample bot over to agents of Chatwoot and back, the bot being the same', async () => {
    await post(`${urls.chat}/chats/${CHAT}/messages`, { text: 'I want to talk to a human' });
    const { id } = await until('the waiting chat', async () => {
      const { conversations } = await shown<{ conversations: { id: string; waitingIn: string }[] }>(
        `${urls.desktop}/_sim/stream`,
      );
      return conversations.find(({ waitingIn }) => waitingIn === '11');
    });
    await until('the queue', async () => (await chat()).includes('You are in the queue support.'));
    const act = (action: string, body: object): Promise<void> =>
      post(`${urls.desktop}/_sim/conversations/${id}/${action}`, { agentId: '3', ...body });
    await act('join', {});
    await until('the agent', async () => (await chat()).includes('Ann has joined.'));
    await act('say', { text: 'How can I help?' });
    await until('the words', async () => (await chat()).includes('How can I help?'));
    await act('transfer', { queueId: '12' });
    await until('the next queue', async () => (await chat()).includes('You are in the queue billing.'));
    await act('join', { agentId: '4' });
    await until('the next agent', async () => (await chat()).includes('Ben has joined.'));
    await act('leave', {});
    await until('the end', async () => (await chat()).includes('You are back with the bot.'));
  });
});
