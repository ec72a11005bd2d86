/** A pointer (RFC 6901) with one more segment. */
export function below(pointer: string, key: string | number): string {
  return `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The pointer of what contains this; the root contains itself. */
export function parentOf(pointer: string): string {
  return pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')));
}

/** The last segment as it stands in the file. */
export function keyOf(pointer: string): string {
  return unescape(pointer.slice(pointer.lastIndexOf('/') + 1));
}

/** A pointer as people write paths: `providers[0].settings.apiKey`. Odd keys are quoted. */
export function toPath(pointer: string): string {
  const segments = pointer.split('/').slice(1).map(unescape);
  return segments
    .map((segment) => {
      if (/^\d+$/.test(segment)) return `[${segment}]`;
      return /^[\w-]+$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
    })
    .join('')
    .replace(/^\./, '');
}

function unescape(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
