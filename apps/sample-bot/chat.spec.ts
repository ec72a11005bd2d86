import { beforeEach, describe, expect, it } from '@jest/globals';
import { Chat, type HandoverEvent } from './chat.js';

type Call = { path: string; body: object; method?: string };

describe('a chat with the sample bot', () => {
  let calls: Call[];
  let chat: Chat;
  beforeEach(() => {
    calls = [];
    const call = async (path: string, body: object, method?: string): Promise<object> => {
      calls.push({ path, body, method });
      return {};
    };
    chat = new Chat('s-1', call, async () => ({}));
  });

  const take = (type: string, data: Partial<HandoverEvent['data']> = {}): void =>
    chat.take({ type, data: { handoverId: 'ho_1', sessionId: 's-1', ...data } });
  const entries = (): { author: string; text: string }[] => (chat.toJSON() as never)['entries'];

  it('tells that the user types, once there is somebody to see it', () => {
    chat.userTypes();
    expect(calls).toEqual([]);
    take('handover.queued', { sequence: 1 });
    chat.userTypes();
    expect(calls).toEqual([{ path: '/v1/handovers/ho_1/typing', body: { typing: true } }]);
  });

  it("shows an agent who joins what it knows, on the copilot's page", async () => {
    take('agent.joined', { sequence: 1, agent: { name: 'Ann' } });
    await new Promise((done) => setImmediate(done));
    expect(calls).toMatchObject([
      { path: '/v1/handovers/ho_1/copilot/tiles/account', body: { kind: 'keyValue' }, method: 'PUT' },
      { path: '/v1/handovers/ho_1/copilot/tiles/greeting', body: { kind: 'suggestedReply' }, method: 'PUT' },
    ]);
  });

  it('reminds a silent user, and says when it will not do so again', () => {
    take('handover.inactive', { sequence: 1, willClose: false });
    take('handover.inactive', { sequence: 2, willClose: true });
    const reminder = 'Are you still there? Please write something.';
    expect(entries().slice(-2)).toEqual([
      { author: 'bot', text: reminder },
      { author: 'bot', text: `${reminder} Otherwise I close this chat.` },
    ]);
  });
});
