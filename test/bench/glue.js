import { createPublicKey, verify } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import Fastify from 'fastify';
import pg from 'pg';

/**
 * The yardstick: what an able engineer writes in a day to join one bot to 8x8 without this gateway. Verified events are stored
 * before they are answered, both directions are in order per conversation, and a restart takes up what was not delivered. It has no
 * API to start or end handovers, no statuses, no event stream, no signed callbacks, no second replica, and it keeps every queue in memory.
 */
const { PORT, DATABASE_URL, CALLBACK_URL, VENDOR_URL, VENDOR_KEY, BOT_KEY } = process.env;
const MAX_PAUSE_MS = 30_000;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16 });
await pool.query(`
  CREATE TABLE IF NOT EXISTS event (position bigserial, id text PRIMARY KEY, conversation text NOT NULL, body jsonb NOT NULL, delivered_at timestamptz);
  CREATE TABLE IF NOT EXISTS message (position bigserial, id text PRIMARY KEY, conversation text NOT NULL, text text NOT NULL, sent_at timestamptz)`);

const keys = new Map();
async function keyOf(kid) {
  if (!keys.has(kid)) {
    const answer = await fetch(`${VENDOR_URL}/chat-gateway/v1/jwk/${encodeURIComponent(kid)}/public`);
    if (!answer.ok) throw new Error(`key ${kid}: ${answer.status}`);
    keys.set(kid, createPublicKey({ key: await answer.json(), format: 'jwk' }));
  }
  return keys.get(kid);
}

async function isSigned(body, headers) {
  const [head, payload, signature] = String(headers['x-8x8-signature']).split('.');
  if (payload !== '' || !signature) return false;
  const { alg, b64, kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
  if (alg !== 'RS256' || b64 !== false) return false;
  const signed = JSON.stringify({
    checksum: crc32(body),
    cid: headers['x-8x8-customer-id'],
    eid: headers['x-8x8-event-id'],
    retry: Number(headers['x-8x8-retry']),
    tid: headers['x-8x8-tenant-id'],
    tt: Number(headers['x-8x8-transmission-time']),
  });
  return verify('RSA-SHA256', Buffer.from(`${head}.${signed}`), await keyOf(kid), Buffer.from(signature, 'base64url'));
}

/** The last job of every queue that is not empty. */
const queues = new Map();
function enqueue(queue, job) {
  const done = (queues.get(queue) ?? Promise.resolve()).then(job).catch((error) => process.stderr.write(`${error}\n`));
  queues.set(queue, done);
  void done.then(() => queues.get(queue) === done && queues.delete(queue));
}

async function post(url, headers, body) {
  for (let wait = 200; ; wait = Math.min(wait * 2, MAX_PAUSE_MS)) {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }).catch(() => null);
    await answer?.text().catch(() => null);
    if (answer?.ok) return;
    await pause(wait);
  }
}

function callBack(id, { conversationId, data }) {
  enqueue(`in ${conversationId}`, async () => {
    await post(CALLBACK_URL, {}, { id, conversationId, sender: data.sender, text: data.text });
    await pool.query('UPDATE event SET delivered_at = now() WHERE id = $1', [id]);
  });
}

function forward(id, conversation, text) {
  enqueue(`out ${conversation}`, async () => {
    const url = `${VENDOR_URL}/chat-gateway/v1/conversations/${conversation}/messages`;
    await post(url, { 'x-api-key': VENDOR_KEY }, { authorType: 'user', text });
    await pool.query('UPDATE message SET sent_at = now() WHERE id = $1', [id]);
  });
}

const isForBot = ({ eventType, data }) => eventType === 'MESSAGE' && data.sender.type === 'agent';

const events = await pool.query('SELECT id, body FROM event WHERE delivered_at IS NULL ORDER BY position');
for (const { id, body } of events.rows) if (isForBot(body)) callBack(id, body);
const messages = await pool.query('SELECT id, conversation, text FROM message WHERE sent_at IS NULL ORDER BY position');
for (const { id, conversation, text } of messages.rows) forward(id, conversation, text);

const app = Fastify();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

app.post('/handover/eightByEight', async ({ body, headers }, reply) => {
  if (!(await isSigned(body, headers))) return reply.code(401).send();
  const event = JSON.parse(body);
  const id = headers['x-8x8-event-id'];
  const sql = 'INSERT INTO event (id, conversation, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING';
  const { rowCount } = await pool.query(sql, [id, event.conversationId, event]);
  if (rowCount === 1 && isForBot(event)) callBack(id, event);
  return reply.send();
});

app.post('/conversations/:conversation/messages', async ({ body, headers, params: { conversation } }, reply) => {
  if (headers.authorization !== `Bearer ${BOT_KEY}`) return reply.code(401).send();
  const { id, text } = JSON.parse(body);
  const sql = 'INSERT INTO message (id, conversation, text) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING';
  const { rowCount } = await pool.query(sql, [id, conversation, text]);
  if (rowCount === 1) forward(id, conversation, text);
  return reply.code(202).send();
});

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
