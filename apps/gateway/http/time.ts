const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;
const MOST_DIGITS = 30;
/** What JavaScript, PostgreSQL and every vendor can say: the years 1970 to 9999. */
const FIRST = Date.UTC(1970, 0, 1);
const LAST = Date.UTC(10_000, 0, 1) - 1;

/**
 * Whether a text is a time as RFC 3339 has it, one that `new Date` reads and the database can store. A leap second is none of these.
 */
export function isTime(text: string): boolean {
  if (text.length > MOST_DIGITS + 35) return false;
  const found = RFC_3339.exec(text);
  if (!found) return false;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [number, ...number[]];
  // A day that its month does not have, or an hour of the next day, would become another time.
  const said = new Date(Date.UTC(year, month! - 1, day, hour, minute, second));
  const asSaid = [
    said.getUTCFullYear(),
    said.getUTCMonth() + 1,
    said.getUTCDate(),
    said.getUTCHours(),
    said.getUTCMinutes(),
    said.getUTCSeconds(),
  ];
  if (asSaid.some((part, index) => part !== Number(found[index + 1]))) return false;
  const time = new Date(text).getTime();
  return time >= FIRST && time <= LAST;
}
