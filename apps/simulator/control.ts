import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { newAttachment, preSignedUrl } from './api-attachments.js';
import { registerFloorControl } from './api-statistics.js';
import type { Centre } from './centre.js';
import type { FaultSettings } from './faults.js';
import type { SimulatedConversation } from './model.js';
import type { Simulator } from './simulator.js';

const PAGE = new URL('./page/', import.meta.url);
const FILES: Record<string, { file: string; type: string }> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/desktop': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/desktop.css': { file: 'desktop.css', type: 'text/css; charset=utf-8' },
  '/desktop.js': { file: 'desktop.js', type: 'text/javascript; charset=utf-8' },
};

/** What people and scripts use: the agent desktop page, the agents' actions, and the fault switches. */
export function registerControl(server: FastifyInstance, parts: { simulator: Simulator; centre: Centre }): void {
  for (const [path, { file, type }] of Object.entries(FILES)) {
    server.get(path, async (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'no-store')
        .send(await readFile(new URL(file, PAGE))),
    );
  }
  registerFaults(server, parts.simulator);
  registerFloorControl(server, parts.simulator.floor);
  registerActions(server, parts);
  registerStream(server, parts.simulator);
}

function registerFaults(server: FastifyInstance, simulator: Simulator): void {
  const { faults } = simulator;
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
  server.post('/_sim/rotate-key', async (_request, reply) => {
    simulator.rotateKey();
    return reply.status(204).send();
  });
}

function registerActions(
  server: FastifyInstance,
  { simulator, centre }: { simulator: Simulator; centre: Centre },
): void {
  server.get('/_sim/conversations', async () => ({ data: simulator.conversations().map(desktopView) }));
  type Action = (id: string, body: Record<string, string>) => Promise<void>;
  const actions: Record<string, Action> = {
    join: (id, { agentId }) => centre.join(id, required(agentId, 'agentId')),
    say: (id, { agentId, text }) => centre.agentSays(id, required(agentId, 'agentId'), required(text, 'text')),
    file: (id, { agentId, filename, contentType, content }) =>
      centre.agentSendsFiles(id, required(agentId, 'agentId'), [
        newAttachment(
          required(filename, 'filename'),
          contentType || 'application/octet-stream',
          Buffer.from(required(content, 'content'), 'base64'),
        ),
      ]),
    offer: (id, { agentId, text, choices }) =>
      centre.agentOffers(
        id,
        required(agentId, 'agentId'),
        required(text, 'text'),
        required(choices, 'choices').split('\n'),
      ),
    typing: (id, { agentId, on }) => centre.typing(id, required(agentId, 'agentId'), String(on) === 'true'),
    transfer: (id, { agentId, queueId }) =>
      centre.transfer(id, required(queueId, 'queueId'), required(agentId, 'agentId')),
    leave: (id, { agentId }) => centre.leave(id, required(agentId, 'agentId')),
  };
  server.post('/_sim/conversations/:id/:action', async (request, reply) => {
    const { id, action } = request.params as { id: string; action: string };
    const act = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (!act) return reply.status(404).send({ message: `There is no action "${action}".` });
    try {
      // The page does not wait for the webhooks' answers; what it shows comes over the stream.
      const told = act(id, (request.body ?? {}) as Record<string, string>);
      await Promise.race([told, new Promise((resolve) => setImmediate(resolve))]);
    } catch (error) {
      return reply.status(400).send({ message: (error as Error).message });
    }
    return reply.status(204).send();
  });
}

function required(value: string | undefined, name: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${name} is missing.`);
  return value;
}

/** The whole state on every change: a desktop has a handful of conversations, and a page that missed nothing needs no merging. */
function registerStream(server: FastifyInstance, simulator: Simulator): void {
  server.get('/_sim/stream', (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (): void => void reply.raw.write(`data: ${JSON.stringify(stateOf(simulator))}\n\n`);
    let pending = false;
    const soon = (): void => {
      if (pending) return;
      pending = true;
      setImmediate(() => {
        pending = false;
        send();
      });
    };
    send();
    simulator.events.on('change', soon);
    request.raw.once('close', () => simulator.events.off('change', soon));
  });
}

function stateOf(simulator: Simulator): object {
  const tenants = [...simulator.tenants.values()].map(({ tenant }) => tenant);
  return {
    queues: tenants.flatMap(({ queues }) => queues),
    agents: tenants.flatMap(({ agents }) => agents),
    conversations: simulator.conversations().slice(-100).map(desktopView),
    canOffer: true,
  };
}

function desktopView(conversation: SimulatedConversation): object {
  const { id, state, user, waitingIn, messages, history, participants, signals, createdAt } = conversation;
  const agents = participants.filter(({ type, removed }) => type === 'agent' && !removed).map((agent) => agent.id);
  const before = history.map(({ authorType, text }) => ({ authorType, text, before: true }));
  const said = messages.map(({ authorType, authorId, text, attachments = [], cards = [], createdAt: at }) => {
    const files = attachments.map((file) => ({ filename: file.filename, url: preSignedUrl('', file) }));
    return { authorType, authorId, text, files, cards: cards.map(cardText), at };
  });
  const typed = signals.findLast(({ kind }) => kind === 'typing');
  // What was said since ends it.
  const typingSince = typed && typed.at > (messages.at(-1)?.createdAt ?? 0) ? typed.at : null;
  return { id, state, user, waitingIn, agents, createdAt, typingSince, transcript: [...before, ...said] };
}

/** What a card says, a line each: the page draws no cards. */
function cardText(card: unknown): string {
  const { contentType, content } = card as { contentType: string; content: unknown };
  return textsIn(content).join('\n') || contentType;
}

function textsIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === 'string' ? (['text', 'title'].includes(name) ? [value] : []) : textsIn(value),
  );
}
