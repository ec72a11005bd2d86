/** Why the database cannot be used, in words for whoever starts the gateway: what is wrong and what to do. */
export class StartError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartError';
  }
}

const UNTRUSTED =
  /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_UNTRUSTED)$/;

/** What to do about an error of connecting, where the error itself does not say so. */
function adviceFor({ code = '', message }: { code?: string; message: string }): string | null {
  if (UNTRUSTED.test(code))
    return 'Its TLS certificate comes from an authority that is not known here, often one of the database service\'s own. Download that authority\'s certificate and name it in DATABASE_URL: "?sslmode=verify-full&sslrootcert=/path/to/ca.pem" (or in NODE_EXTRA_CA_CERTS). "?sslmode=no-verify" encrypts, but does not check who answers';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'Its TLS certificate is for another name: use the name that the database service gives, or, with an authority of its own, "?uselibpqcompat=true&sslmode=verify-ca&sslrootcert=/path/to/ca.pem", which does not check the name';
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code))
    return 'Its TLS certificate is not valid at this time: renew it, or set the clock of this machine right';
  if (/does not support SSL/i.test(message))
    return 'It takes no TLS connections: turn TLS on there, or set "?sslmode=disable" in DATABASE_URL where the network is trusted';
  if (code === '28000' && /no encryption|SSL off/i.test(message))
    return 'It takes TLS connections only: add "?sslmode=verify-full" to DATABASE_URL';
  if (/^ERR_(SSL|OSSL)|^EPROTO$/.test(code))
    return 'TLS could not be agreed on: look at sslmode, sslcert, sslkey and sslrootcert in DATABASE_URL, and at the certificates there';
  if (code === '3D000') return "Create the database first: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0";
  return null;
}

/** Where a database is, without its password: host and port, or the folder of its socket. */
export function placeOf(url: string): string {
  const { host, searchParams } = new URL(url);
  return searchParams.get('host') ?? (decodeURIComponent(host) || 'localhost');
}

/** Anything that went wrong with the database at a start, as one sentence on what is wrong and, where known, one on what to do. */
export function asStartError(url: string, error: unknown): StartError {
  if (error instanceof StartError) return error;
  const { code, message, path } = error as { code?: string; message: string; path?: string };
  if (path !== undefined && /^(ENOENT|EACCES|EISDIR)$/.test(code ?? '') && !message.startsWith('connect'))
    return new StartError(
      `DATABASE_URL: the file ${path} cannot be read (${code}): sslrootcert, sslcert and sslkey are paths of PEM files`,
      { cause: error },
    );
  const advice = adviceFor({ code, message: message ?? '' });
  return new StartError(
    `DATABASE_URL: the PostgreSQL at ${placeOf(url)} cannot be used: ${message || code}${advice ? `. ${advice}.` : ''}`,
    { cause: error },
  );
}
