/**
 * Whether an id in a path is `.` or `..`: `encodeURIComponent` leaves both as they are, and whoever sends the path takes them, and
 * their encoded forms alike, for a way to another place.
 * @param path with or without a query
 */
export function hasDotSegment(path: string): boolean {
  return path
    .split('?')[0]!
    .split('/')
    .some((segment) => segment === '.' || segment === '..');
}
