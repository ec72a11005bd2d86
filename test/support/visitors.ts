import type { ReceivedEvent } from './bot.js';
import { until } from './wait.js';
import type { World } from './world.js';

/** A user on a channel that is 8x8's own, and the conversation that the gateway made of it. */
export interface Visit {
  /** The gateway's id, `cv_…`. */
  id: string;
  /** 8x8's id. */
  conversationId: string;
}

/** Channels of 8x8's own that send their events to the gateway. */
export function openWebChat(world: World, id = 'web-1', webhookPath?: string): void {
  const { simulator } = world;
  const webhookId = webhookPath
    ? simulator.registerWebhook(`${world.gateway.url}${webhookPath}`)
    : [...simulator.tenants.values()][0]!.webhooks.keys().next().value!;
  simulator.createChannel({ webhookId, queueId: '101', id, type: 'WebChat' });
}

/** A user opens the chat and writes. */
export async function visit(
  world: World,
  text: string,
  channel = 'web-1',
  user: Record<string, unknown> = {},
): Promise<Visit> {
  const { id: conversationId, told } = world.simulator.customer.start(channel, user);
  await told;
  await world.simulator.customer.say(conversationId, text);
  return { id: await incomingOf(world, conversationId), conversationId };
}

/** The conversation that the bot was told of. */
export async function incomingOf(world: World, conversationId: string, nth = 1): Promise<string> {
  const event = await until(
    `conversation.started number ${nth} of ${conversationId}`,
    () => startsOf(world, conversationId)[nth - 1],
  );
  return event.data.conversationId!;
}

export function startsOf(world: World, conversationId: string): ReceivedEvent[] {
  return world.bot.deliveries
    .map(({ event }) => event)
    .filter(({ type, data }) => {
      const { conversation } = data as { conversation?: { providerConversationId: string } };
      return type === 'conversation.started' && conversation!.providerConversationId === conversationId;
    });
}

/** What was written in 8x8 by somebody, in order. */
export function saidAt8x8(world: World, conversationId: string, author: string): (string | undefined)[] {
  return world.simulator
    .conversation(conversationId)
    .messages.filter(({ authorType }) => authorType === author)
    .map(({ text }) => text);
}

/** The bot answers, and 8x8 has the answer. */
export async function answer(world: World, { id, conversationId }: Visit, text: string): Promise<void> {
  await world.api('post', `/v1/conversations/${id}/messages`).send({ text }).expect(202);
  await until(`"${text}" at 8x8`, () => saidAt8x8(world, conversationId, 'bot').includes(text));
}

export async function readConversation(world: World, id: string): Promise<Record<string, unknown>> {
  return (await world.api('get', `/v1/conversations/${id}`).expect(200)).body as Record<string, unknown>;
}

/** Hands over and waits until an agent is in. Resolves to the handover's id. */
export async function handOver(world: World, { id, conversationId }: Visit, body: object = {}): Promise<string> {
  const started = await world.api('post', `/v1/conversations/${id}/handover`).send(body).expect(201);
  const handoverId = (started.body as { id: string }).id;
  await world.bot.event(handoverId, 'handover.queued');
  await world.simulator.agent.join(conversationId, 'agent-ann');
  await world.bot.event(handoverId, 'handover.active');
  return handoverId;
}
