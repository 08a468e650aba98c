/** A place in the log. Everything before it has been read. */
export interface Position {
  /** The row of the log. */
  rowId: number;
  /** How many events of the row have been read. 0: all of them. */
  count: number;
}

/** A position as clients get it. */
export interface Cursor extends Position {
  /** Tells the log from others: row ids mean nothing there. */
  epoch: string;
}

/** Version 1. It has no full stop: Standard Webhooks separate ids from other text by one. */
const PATTERN = /^1-([0-9a-f]{1,40})-([0-9]{1,15})-([0-9]{1,5})$/;

export function formatCursor({ epoch, rowId, count }: Cursor): string {
  return `1-${epoch}-${rowId}-${count}`;
}

/** @throws Error if the text is no cursor. openapi.yaml has the same pattern: no request gets here then. */
export function parseCursor(text: string): Cursor {
  const [, epoch, rowId, count] = PATTERN.exec(text) ?? [];
  if (epoch === undefined) throw new Error(`${text} is no cursor`);
  return { epoch, rowId: Number(rowId), count: Number(count) };
}

/** Whether the row, or a part of it, comes behind the position. */
export function isBefore({ rowId, count }: Position, otherRowId: number): boolean {
  return rowId < otherRowId || (rowId === otherRowId && count > 0);
}
