import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import type { FaultSettings } from '../faults.js';
import type { AccountState, ChatwootConversation, ChatwootMessage } from './model.js';
import type { ChatwootSimulator } from './simulator.js';
import { fileAddress } from './views.js';

const PAGE = new URL('../page/', import.meta.url);
const FILES: Record<string, [file: string, type: string]> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/desktop.css': ['desktop.css', 'text/css; charset=utf-8'],
  '/desktop.js': ['desktop.js', 'text/javascript; charset=utf-8'],
};
const INBOX = 'inbox';

/** The agent desktop page of the simulators over Chatwoot's conversations, and the fault switches. Leaving is resolving here. */
export function registerDesk(server: FastifyInstance, simulator: ChatwootSimulator): void {
  for (const [path, [file, type]] of Object.entries(FILES)) {
    server.get(path, async (_request, reply) => {
      const content = (await readFile(new URL(file, PAGE), 'utf8')).replace('8x8 simulator', 'Chatwoot simulator');
      return reply.type(type).header('cache-control', 'no-store').send(content);
    });
  }
  registerFaults(server, simulator);
  registerActions(server, simulator);
  registerStream(server, simulator);
}

function registerFaults(server: FastifyInstance, { faults }: ChatwootSimulator): void {
  server.get('/_sim/faults', async () => faults.current);
  server.put('/_sim/faults', async (request, reply) => {
    try {
      faults.set((request.body ?? {}) as Partial<FaultSettings>);
    } catch (error) {
      return reply.status(400).send({ message: (error as Error).message });
    }
    return faults.current;
  });
  server.delete('/_sim/faults', async (_request, reply) => {
    faults.reset();
    return reply.status(204).send();
  });
}

function registerActions(server: FastifyInstance, { agent }: ChatwootSimulator): void {
  type Body = Record<string, string>;
  type Ref = string;
  const actions: Record<string, (ref: Ref, body: Body) => Promise<void>> = {
    join: (ref, { agentId }) => agent.join(ref, Number(agentId)),
    say: (ref, { agentId, text }) => agent.say(ref, text ?? '', { agentId: Number(agentId) }),
    file: (ref, { agentId, filename = '', contentType, content = '' }) =>
      agent.say(ref, null, {
        agentId: Number(agentId),
        files: [
          { filename, contentType: contentType || 'application/octet-stream', content: Buffer.from(content, 'base64') },
        ],
      }),
    typing: (ref, { on }) => agent.typing(ref, String(on) === 'true'),
    transfer: async (ref, { queueId }) => {
      // The page hands over to whoever takes it next; Chatwoot would leave an agent who is in both teams.
      await Promise.all([agent.transfer(ref, Number(queueId)), agent.unassign(ref)]);
    },
    leave: (ref) => agent.resolve(ref),
  };
  server.post('/_sim/conversations/:id/:action', async (request, reply) => {
    const { id, action } = request.params as { id: string; action: string };
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (!act) return reply.status(404).send({ message: `There is no action "${action}".` });
    try {
      // The page does not wait for the webhooks' answers; what it shows comes over the stream.
      const told = act(id, (request.body ?? {}) as Body);
      await Promise.race([told, new Promise((resolve) => setImmediate(resolve))]);
    } catch (error) {
      return reply.status(400).send({ message: (error as Error).message });
    }
    return reply.status(204).send();
  });
}

/** The whole state on every change, in the form that the page draws. */
function registerStream(server: FastifyInstance, simulator: ChatwootSimulator): void {
  server.get('/_sim/stream', (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (): void => void reply.raw.write(`data: ${JSON.stringify(deskView(simulator.accounts[0]!))}\n\n`);
    send();
    simulator.events.on('change', send);
    request.raw.once('close', () => simulator.events.off('change', send));
  });
}

function deskView(state: AccountState): object {
  const { teams, agents } = state.account;
  const named = ({ id, name }: { id: number; name: string }): object => ({ id: String(id), name });
  return {
    queues: [...teams.map(named), { id: INBOX, name: 'No team' }],
    agents: agents.map(named),
    conversations: state.conversations.slice(-100).map((conversation) => conversationView(state, conversation)),
  };
}

function fileLinks({ attachments }: ChatwootMessage): object[] {
  return attachments.map(({ blobId, filename }) => ({ filename, url: fileAddress('', blobId, filename) }));
}

function conversationView(state: AccountState, conversation: ChatwootConversation): object {
  const { id, status, assigneeId, teamId, messages, customAttributes, createdAt } = conversation;
  const { name, email, phone_number: phone } = state.contact(conversation.contactId)!;
  const additionalProperties = Object.entries(customAttributes).map(([key, value]) => ({ key, value: String(value) }));
  const waits = status !== 'resolved' && assigneeId === null;
  return {
    id: String(id),
    state: status === 'resolved' ? 'idle' : 'active',
    user: { ...(name ? { name } : {}), ...(email ? { email } : {}), ...(phone ? { phone } : {}), additionalProperties },
    waitingIn: waits ? String(teamId ?? INBOX) : null,
    agents: status === 'resolved' || assigneeId === null ? [] : [String(assigneeId)],
    createdAt,
    transcript: messages.map((message) => ({
      authorType: message.private ? 'bot' : message.type === 'incoming' ? 'user' : 'agent',
      authorId: message.agentId === null ? '' : String(message.agentId),
      text: message.content ?? '',
      files: fileLinks(message),
      at: message.createdAt,
      ...(message.private && message === messages[0] ? { before: true } : {}),
    })),
  };
}
