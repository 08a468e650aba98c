import { createHash } from 'node:crypto';

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

/** A position in the log of each shard. */
export interface MergedCursor {
  /** See epochOfAll. */
  epoch: string;
  positions: Position[];
}

/** Version 1. It has no full stop: Standard Webhooks separate ids from other text by one. */
const PATTERN = /^1-([0-9a-f]{1,40})-([0-9]{1,15})-([0-9]{1,5})$/;
/** Version 2, of several shards. Each has a row and, if a part of the row is left, a count, in base 36. */
const MERGED_PATTERN = /^2-([0-9a-f]{16})((?:-[0-9a-z]{1,10}(?:_[0-9a-z]{1,4})?){2,64})$/;
const BASE = 36;
const EPOCH_LENGTH = 16;

export function formatCursor({ epoch, rowId, count }: Cursor): string {
  return `1-${epoch}-${rowId}-${count}`;
}

/** Returns undefined for the cursor of several shards. openapi.yaml has the same patterns. */
export function parseCursor(text: string): Cursor | undefined {
  const [, epoch, rowId, count] = PATTERN.exec(text) ?? [];
  if (epoch === undefined) return undefined;
  return { epoch, rowId: Number(rowId), count: Number(count) };
}

export function formatMergedCursor({ epoch, positions }: MergedCursor): string {
  const places = positions.map(({ rowId, count }) => {
    const row = rowId.toString(BASE);
    return count === 0 ? row : `${row}_${count.toString(BASE)}`;
  });
  return `2-${epoch}-${places.join('-')}`;
}

/** Returns undefined for the cursor of one shard. */
export function parseMergedCursor(text: string): MergedCursor | undefined {
  const [, epoch, places] = MERGED_PATTERN.exec(text) ?? [];
  if (epoch === undefined || places === undefined) return undefined;
  const positions = places
    .slice(1)
    .split('-')
    .map((place) => {
      const [rowId = '', count = '0'] = place.split('_');
      return { rowId: Number.parseInt(rowId, BASE), count: Number.parseInt(count, BASE) };
    });
  return { epoch, positions };
}

/** One epoch for the logs of all shards. It changes if one of them does. */
export function epochOfAll(epochs: readonly string[]): string {
  return createHash('sha256').update(epochs.join(' ')).digest('hex').slice(0, EPOCH_LENGTH);
}

/** Whether the row, or a part of it, comes behind the position. */
export function isBefore({ rowId, count }: Position, otherRowId: number): boolean {
  return rowId < otherRowId || (rowId === otherRowId && count > 0);
}
