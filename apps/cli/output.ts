/** An entry as the API shows it. */
export type Row = Record<string, unknown>;

export function inboxTable(rows: Row[]): string {
  return table(rows, {
    id: (row) => row.id,
    received: (row) => row.receivedAt,
    status: (row) => row.status,
    conversation: (row) => row.conversationId,
    handover: (row) => row.handoverId,
    reason: (row) => row.reason,
  });
}

export function deliveriesTable(rows: Row[]): string {
  return table(rows, {
    id: (row) => row.id,
    status: (row) => row.status,
    target: (row) => row.target,
    handover: (row) => row.handoverId,
    what: (row) => `${String(row.event ?? row.kind)} ${String(row.sequence)}`,
    when: (row) => row.deliveredAt ?? row.failedAt ?? row.dueAt,
    tries: (row) => row.attempts,
    behind: (row) => row.waiting,
    error: (row) => row.error,
  });
}

/** One line per field. */
export function record(row: Row): string {
  const width = Math.max(...Object.keys(row).map((name) => name.length));
  return Object.entries(row)
    .map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`)
    .join('\n');
}

function table(rows: Row[], columns: Record<string, (row: Row) => unknown>): string {
  if (rows.length === 0) return 'nothing found';
  const names = Object.keys(columns);
  const lines = [
    names.map((name) => name.toUpperCase()),
    ...rows.map((row) => names.map((n) => cell(columns[n]!(row)))),
  ];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => text.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What a contact centre wrote into a reason or an id must not steer the terminal. */
export function cell(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : String(value ?? '-');
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ');
}
