const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/**
 * The address of a request as routes and rules see it: without the origin, where the request line has the absolute form that proxies
 * send (RFC 9112, 3.2.2), and without slashes too many, as they come from addresses that were put together.
 */
export function plainAddress(url: string): string {
  const address = url.startsWith('/') ? url : url.replace(ORIGIN, '');
  const end = address.search(/[?#]/);
  const path = end === -1 ? address : address.slice(0, end);
  const query = end === -1 ? '' : address.slice(end);
  if (!path.includes('//') && !path.endsWith('/') && path !== '') return address;
  const plain = `/${path}`.replace(/\/{2,}/g, '/');
  // The pages have addresses of their own with and without one: what they load is beside them.
  return (/^\/(copilot|docs)(\/|$)/.test(plain) ? plain : plain.replace(/(?<=.)\/$/, '')) + query;
}
