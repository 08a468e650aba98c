import type { FastifyReply, RouteGenericInterface } from 'fastify';
import type { Page, PageQuery } from '../page.js';
import { sendInvalidRequest } from './problems.js';

/** Pages of lists over HTTP: cursors are opaque, and made and checked here. */

/** A list with positions, behind which its pages start. */
export interface List {
  /** Says which list it is, and whose: a cursor of another list is refused. */
  name: string;
  /** The position before all items. */
  start: string;
  /** Whether the database can compare it with positions. A client may make cursors of its own. */
  isPosition: (text: string) => boolean;
}

/** A list in the order of names of coupons. */
export function listByName(name: string): List {
  return { name, start: '', isPosition: (text) => !text.includes('\0') };
}

/** A list in the order of 64-bit numbers. */
export function listByNumber(name: string): List {
  return { name, start: String(-(2n ** 63n)), isPosition: isInt64 };
}

function isInt64(text: string): boolean {
  return /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** Of the format of cursors. */
const VERSION = 1;

export function encodeCursor({ name }: List, position: string): string {
  return Buffer.from(JSON.stringify([VERSION, name, position])).toString('base64url');
}

/** Returns the position, or undefined if this is no cursor of the list. */
export function decodeCursor(list: List, cursor: string): string | undefined {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
  const position: unknown = Array.isArray(content) ? content[2] : undefined;
  if (typeof position !== 'string' || !list.isPosition(position)) return undefined;
  // Only what we would make ourselves: the same version and list, and nothing else.
  return encodeCursor(list, position) === cursor ? position : undefined;
}

/** Returns the wanted page, or undefined if the cursor is not one of the list. */
export function readPageQuery(
  list: List,
  { limit, cursor }: { limit?: number; cursor?: string },
): PageQuery | undefined {
  const after = cursor === undefined ? list.start : decodeCursor(list, cursor);
  // The contract has a default for the limit.
  return after === undefined ? undefined : { after, limit: limit as number };
}

export function pageBody<T>(list: List, { items, next }: Page<T>): { items: T[]; next_cursor?: string } {
  return next === undefined ? { items } : { items, next_cursor: encodeCursor(list, next) };
}

export function sendInvalidCursor<Route extends RouteGenericInterface>(
  reply: FastifyReply<Route>,
): FastifyReply<Route> {
  return sendInvalidRequest(reply, 'cursor must be a next_cursor of this list');
}
