/** The middle one; of an even number of values the upper of the two in the middle. NaN when one of them is. */
export function median(values) {
  return values.some(Number.isNaN) ? NaN : quantile(values.toSorted(ascending), 0.5);
}

/** How values are spread: median, 95 and 99 per cent, largest. */
export function spread(values) {
  const sorted = values.toSorted(ascending);
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) => quantile(sorted, share));
  return { p50, p95, p99, max };
}

/**
 * By how much values grew from the first to the last, as the straight line through them says: single peaks, such as garbage not
 * collected yet, do not decide it.
 */
export function growth(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const slope =
    values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0) /
    values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return slope * (values.length - 1);
}

/** Rows of cells as lines: the first column to the left, the others to the right. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length)));
  return rows
    .map((row) =>
      widths
        .map((width, column) => {
          const cell = String(row[column] ?? '');
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A figure for people; a dash where there is none. */
export function show(value, decimals = 0) {
  return Number.isFinite(value) ? value.toFixed(decimals) : '-';
}

export function print(line = '') {
  process.stdout.write(`${line}\n`);
}

function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function ascending(a, b) {
  return a - b;
}
