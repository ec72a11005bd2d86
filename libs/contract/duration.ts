const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const PATTERN = /^(\d{1,9})(ms|s|m|h|d)$/;

/** Whether a value is a duration as this project writes them: a whole number and one of `ms`, `s`, `m`, `h`, `d` (`30s`, `5m`, `24h`). */
export function isDuration(value: unknown): value is string {
  return typeof value === 'string' && PATTERN.test(value);
}

/** Milliseconds of a duration such as `30s`, `5m` or `1h`. @throws {Error} when the text is no duration. */
export function durationMs(text: string): number {
  const match = PATTERN.exec(text);
  if (!match)
    throw new Error(`"${text}" is not a duration: write a whole number and a unit, for example 30s, 5m or 1h`);
  return Number(match[1]) * UNITS[match[2]!]!;
}
