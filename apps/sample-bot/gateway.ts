import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The gateway's answer; `problem` says in words why it did not do what it was asked. */
export type Answer = { id?: string; handoverId?: string; problem?: string };

/** Calls the gateway's REST API, and again under the same key while the gateway is away. */
export async function callGateway(
  url: string,
  apiKey: string,
  path: string,
  body: object,
  method: 'POST' | 'PUT' = 'POST',
): Promise<Answer> {
  const authorization = `Bearer ${apiKey}`;
  const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': randomUUID() };
  const request = { method, headers, body: JSON.stringify(body) };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url + path, { ...request, signal: AbortSignal.timeout(5_000) }).catch(() => null);
    const answer = ((await response?.json().catch(() => null)) ?? {}) as Answer & { title?: string; detail?: string };
    if (response?.ok) return answer;
    if ((response && response.status !== 503) || attempt === 3)
      return { ...answer, problem: answer.detail ?? answer.title ?? 'the handover gateway cannot be reached' };
    await new Promise((resolve) => setTimeout(resolve, attempt * 500));
  }
}

/** Uploads a file of the user's to a handover. */
export async function uploadFile(url: string, apiKey: string, path: string, file: File): Promise<Answer> {
  const body = new FormData();
  body.append('file', file);
  const request = { method: 'POST', headers: { authorization: `Bearer ${apiKey}` }, body };
  const response = await fetch(url + path, { ...request, signal: AbortSignal.timeout(60_000) }).catch(() => null);
  const answer = ((await response?.json().catch(() => null)) ?? {}) as Answer & { detail?: string };
  return response?.ok ? answer : { problem: answer.detail ?? 'the handover gateway cannot be reached' };
}

/** Whether the gateway sent this, and not 5 minutes ago, as Standard Webhooks has it. `now` is in milliseconds. */
export function isSigned(headers: IncomingHttpHeaders, body: string, secret: string, now: number): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const expected = Buffer.from('v1,' + createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64'));
  const given = String(signatures).split(' ').map((signature) => Buffer.from(signature)); // prettier-ignore
  const matches = given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  return matches && Math.abs(now / 1000 - Number(timestamp)) <= 300;
}
