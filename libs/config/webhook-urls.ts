/**
 * Where an account's webhooks are accepted, the preferred address first; see the inbox. With a token only one address is.
 * @param type the key of the provider's type
 */
export function webhookUrls(publicUrl: string, type: string, name: string, token: string | null): string[] {
  const ofType = `${publicUrl}/handover/${type}`;
  const own = `${ofType}/${name}`;
  return token === null ? [own, ofType] : [`${own}/${encodeURIComponent(token)}`];
}
