interface HandoverList {
  data: { id: string }[];
  next: string | null;
}

/**
 * Closes the bot's handovers that an earlier try-out left open: the simulator forgets everything when it stops, so
 * nobody will ever answer them. Resolves to how many there were. @throws {Error} when the gateway refuses
 */
export async function closeLeftovers(gatewayUrl: string, apiKey: string): Promise<number> {
  const call = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${gatewayUrl}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${apiKey}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = (await response.json().catch(() => ({}))) as { detail?: string };
    if (!response.ok) throw new Error(`The gateway answered ${response.status} to ${path}: ${answer.detail}`);
    return answer;
  };
  let closed = 0;
  for (const status of ['requested', 'queued', 'active']) {
    let cursor: string | null = null;
    do {
      const after: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const page = (await call(`/v1/handovers?status=${status}&limit=200${after}`)) as HandoverList;
      for (const { id } of page.data) await call(`/v1/handovers/${id}/close`, { reason: 'bot' });
      closed += page.data.length;
      cursor = page.next;
    } while (cursor);
  }
  return closed;
}
