/** A bot's callback URL, apart from the user and password that may stand in it. */
export interface CallbackAddress {
  /** Without them: it may be shown and logged. */
  url: string;
  /** `user:password` as HTTP Basic Authentication wants them, in the clear; null where the URL has none. A secret. */
  credentials: string | null;
  /** Why they cannot be sent. */
  flaw: string | null;
}

/** @param text a URL */
export function callbackAddress(text: string): CallbackAddress {
  const url = new URL(text);
  const { username, password } = url;
  if (username === '' && password === '') return { url: text, credentials: null, flaw: null };
  url.username = url.password = '';
  try {
    const [user, secret] = [username, password].map(decodeURIComponent) as [string, string];
    // RFC 7617: the first colon ends the user, and neither has control characters.
    const isSound = !user.includes(':') && !/\p{Cc}/u.test(user + secret);
    const flaw = isSound ? null : 'has a user with a colon in it, or control characters: HTTP cannot send that';
    return { url: url.href, credentials: `${user}:${secret}`, flaw };
  } catch {
    return {
      url: url.href,
      credentials: null,
      flaw: 'has a user or password with a % that is no %XX: write %25 for it',
    };
  }
}
