import type { ErrorCode } from '../../src/contract.js';
import { problemKinds } from '../../src/http/problem-kinds.js';
import type { Answer } from '../support/app.js';

/** What is compared of an answer. */
export interface Seen {
  status: number;
  code?: ErrorCode;
  /** The headers that say something, by their names. */
  headers?: Record<string, string>;
  /** Without times of claims. Of a list: the items. */
  body?: unknown;
  /** Of a list: whether there is a next page. */
  hasNext?: boolean;
}

export const refused = (status: number, code: ErrorCode, headers?: Record<string, string>): Seen => ({
  status,
  code,
  ...(headers && { headers }),
});

export interface Look {
  seen: Seen;
  /** The cursor of the next page. Undefined: there is none, or it has only coupons of other histories. */
  next: string | undefined;
  /** When which claim was made: `coupon user time`. */
  claimTimes: string[];
}

interface Item {
  name?: string;
  coupon_name?: string;
  user_id?: string;
  claimed_at?: string;
}
type Body = Item & { code: ErrorCode; items?: Item[]; next_cursor?: string };

const HEADERS = ['location', 'retry-after', 'idempotent-replayed'];
/** The names of other histories. Ours have lost their prefix. */
export const isForeign = (name = '') => /^history-\d+-/.test(name);

/** Reduces an answer to what the model has. The prefix of the history has been removed from it. */
export function lookAt({ status, headers, text }: Answer): Look {
  const found = HEADERS.flatMap((name) => (headers.has(name) ? [[name, headers.get(name) as string]] : []));
  const seen: Seen = { status, ...(found.length > 0 && { headers: Object.fromEntries(found) }) };
  const mediaType = headers.get('content-type')?.split(';')[0];
  if (text === '' && mediaType === undefined) return { seen, next: undefined, claimTimes: [] };
  const { code, items, next_cursor, ...rest } = parse(mediaType, text);
  if (status >= 400) return { seen: { ...seen, code }, next: undefined, claimTimes: [] };
  const all = items ?? [rest];
  const ours = all.filter(({ name }) => !isForeign(name));
  return {
    seen: items
      ? { ...seen, body: ours.map(withoutTime), hasNext: next_cursor !== undefined }
      : { ...seen, body: withoutTime(rest) },
    next: ours.length < all.length ? undefined : next_cursor,
    claimTimes: all.flatMap(({ coupon_name, user_id, claimed_at }) =>
      claimed_at ? [`${coupon_name} ${user_id} ${claimed_at}`] : [],
    ),
  };
}

const withoutTime = ({ claimed_at, ...item }: Item) => item;

function parse(mediaType: string | undefined, text: string): Body {
  const lines = text.split(/\r?\n/).filter(Boolean);
  switch (mediaType) {
    case 'application/x-ndjson':
      return { items: lines.map((line) => JSON.parse(line)) } as Body;
    case 'text/csv':
      // No name needs quotes.
      return { items: lines.slice(1).map((line) => claimIn(line.split(','))) } as Body;
    default:
      return JSON.parse(text);
  }
}

const claimIn = ([user_id, coupon_name, claimed_at]: string[]) => ({ user_id, coupon_name, claimed_at });

interface Outcome {
  code: ErrorCode | 'claimed' | 'replayed';
  retry_after_seconds?: number;
}

/** The outcomes of many claims, each as the answer to a single claim. */
export function outcomesIn(answer: Answer): Seen[] {
  return answer.json<{ outcomes: Outcome[] }>().outcomes.map(({ code, retry_after_seconds: seconds }) => {
    if (code === 'claimed') return { status: 200 };
    if (code === 'replayed') return { status: 200, headers: { 'idempotent-replayed': 'true' } };
    return refused(problemKinds[code].status, code, seconds ? { 'retry-after': String(seconds) } : undefined);
  });
}
