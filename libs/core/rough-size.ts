/** What a value costs beside its content: its place in an object, in bytes. */
const PER_VALUE = 16;

/**
 * About how many bytes of memory a JSON value takes: one for each character of its texts and names, and something for each value.
 * Looks no further once it is over `enough`, so asking costs little whatever the value is.
 */
export function roughSize(value: unknown, enough = Infinity): number {
  if (typeof value === 'string') return PER_VALUE + value.length;
  if (typeof value !== 'object' || value === null) return PER_VALUE;
  let size = PER_VALUE;
  for (const name in value) {
    if (size > enough) break;
    size += name.length + roughSize((value as Record<string, unknown>)[name], enough - size);
  }
  return size;
}
