import type { components } from '../../generated/openapi.js';
import type { ServerClock } from './server-clock.js';

type Schemas = components['schemas'];
/** A state or a type that this page does not know is no error: the lists may grow. */
export type Coupon = Omit<Schemas['Coupon'], 'state'> & { state: string };
export type LogEvent = Omit<Schemas['Event'], 'type'> & { type: string };
export type CouponChange = Schemas['CouponChange'];
export type NewCoupon = Schemas['NewCoupon'];
export type Claim = Schemas['Claim'];
export type ListedClaim = Schemas['ListedClaim'];
interface CouponPage {
  items: Coupon[];
  next_cursor?: string;
}

/** The most that a page may have. */
export const PAGE_SIZE_MAX = 1000;

/** An answer that is an error of the contract. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** What happened, for people. */
  readonly detail: string;
  /** Undefined: the answer does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    status: number,
    problem: Partial<Record<keyof Schemas['Problem'], string>>,
    retryAfterMs: number | undefined,
  ) {
    super(problem.error ?? `the server answered with ${status}`);
    this.status = status;
    this.code = problem.code ?? 'unknown';
    this.detail = problem.detail ?? '';
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether another key could help. */
export const needsKey = (error: unknown): error is Refusal =>
  error instanceof Refusal && (error.status === 401 || error.status === 403);

/**
 * The operations of the API that the page uses. All of them throw a `Refusal`, or a TypeError if no answer
 * came.
 */
export class Api {
  /** Sent with each request. It is kept here and nowhere else. */
  key: string | undefined;
  readonly #root: string;
  readonly #clock: ServerClock;

  /** @param root the address that the paths of the contract begin at, such as `http://localhost:3000`. */
  constructor(root: string, clock: ServerClock) {
    this.#root = root;
    this.#clock = clock;
  }

  async listCoupons(cursor: string | undefined, signal: AbortSignal): Promise<CouponPage> {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE_MAX), ...(cursor && { cursor }) });
    return this.#read('GET', `/api/coupons?${query}`, undefined, signal);
  }

  async getCoupon(name: string, signal: AbortSignal): Promise<Coupon> {
    return this.#read('GET', `${couponPath(name)}?claimed_by=false`, undefined, signal);
  }

  async createCoupon(coupon: NewCoupon): Promise<void> {
    await this.#ask('POST', '/api/coupons', coupon);
  }

  async changeCoupon(name: string, change: CouponChange): Promise<Coupon> {
    return this.#read('PATCH', couponPath(name), change);
  }

  async getClaim(name: string, userId: string): Promise<Claim> {
    return this.#read('GET', claimPath(name, userId));
  }

  async releaseClaim(name: string, userId: string): Promise<void> {
    await this.#ask('DELETE', claimPath(name, userId));
  }

  /** The first claims for a coupon, at most a page. */
  async listFirstClaims(name: string): Promise<ListedClaim[]> {
    const path = `${couponPath(name)}/claims?limit=${PAGE_SIZE_MAX}`;
    return (await this.#read<{ items: ListedClaim[] }>('GET', path)).items;
  }

  /** All claims for a coupon. An answer that broke off is an error. */
  async exportClaims(name: string): Promise<Blob> {
    const answer = await this.#ask('GET', `${couponPath(name)}/claims`, undefined, { Accept: 'text/csv' });
    return answer.blob();
  }

  /** The cursor of the log's end. */
  async endOfLog(signal: AbortSignal): Promise<string> {
    const answer = await this.#ask('GET', '/api/events?after=now&limit=1', undefined, {}, signal);
    return ((await answer.json()) as { next_cursor: string }).next_cursor;
  }

  /** The stream of the events behind a cursor. */
  async openEvents(after: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers = { Accept: 'text/event-stream', 'Last-Event-ID': after };
    const answer = await this.#ask('GET', '/api/events', undefined, headers, signal);
    if (!answer.body) throw new TypeError('the stream has no body');
    return answer.body;
  }

  async #read<Body>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Body> {
    return (await this.#ask(method, path, body, {}, signal)).json() as Promise<Body>;
  }

  async #ask(
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
    signal: AbortSignal | null = null,
  ): Promise<Response> {
    const sentAt = Date.now();
    const answer = await fetch(this.#root + path, {
      method,
      signal,
      headers: {
        ...headers,
        ...(body && { 'Content-Type': 'application/json' }),
        ...(this.key && { Authorization: `Bearer ${this.key}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    this.#clock.learn(answer.headers.get('date'), sentAt);
    if (answer.ok) return answer;
    const retryAfter = answer.headers.get('retry-after');
    // A proxy may answer with something else than a problem.
    const problem = (await answer.json().catch(() => ({}))) as object;
    throw new Refusal(answer.status, problem, retryAfter === null ? undefined : 1000 * Number(retryAfter));
  }
}

const couponPath = (name: string) => `/api/coupons/${encodeURIComponent(name)}`;
const claimPath = (name: string, userId: string) =>
  `${couponPath(name)}/claims/${encodeURIComponent(userId)}`;
