import { randomBytes } from 'node:crypto';

/** The coupons and users that requests are about. Plain data: it passes between threads. */
export interface Traffic {
  /** A coupon's name is this prefix and five digits. */
  couponPrefix: string;
  coupons: number;
  /** A user's id is this prefix and eight digits. */
  userPrefix: string;
  /** This many users claim again and again. Null: each claim is by another user. */
  users: number | null;
  /** Of ten requests, this many read a coupon. The others claim one. */
  readsInTen: number;
  /** So many claims go in one request, by POST /api/claims. Null: one, by POST /api/coupons/claim. */
  claimsInRequest: number | null;
}

const runId = randomBytes(3).toString('hex');
let count = 0;

/** Chooses new names for coupons and users, so that no step meets those of another. */
export function newTraffic(
  step: Pick<Traffic, 'coupons'> & { users?: number; readsInTen?: number; claimsInRequest?: number },
): Traffic {
  const id = `${runId}-${++count}`;
  const { coupons, users = null, readsInTen = 0, claimsInRequest = null } = step;
  const couponPrefix = `bench-${id}-`;
  return { couponPrefix, coupons, userPrefix: `user-${id}-`, users, readsInTen, claimsInRequest };
}

export function couponName(traffic: Traffic, i: number): string {
  return traffic.couponPrefix + String(i).padStart(5, '0');
}

export function userId(traffic: Traffic, i: number): string {
  return traffic.userPrefix + String(i).padStart(8, '0');
}

export type Request = ReturnType<ReturnType<typeof requestsOf>>;

/**
 * Makes the requests of one connection, in turn.
 * @param start the coupon that this connection starts at.
 * @param nextUser counts the users of all connections.
 */
export function requestsOf(traffic: Traffic, host: string, start: number, nextUser: () => number) {
  const { coupons, users, readsInTen, claimsInRequest } = traffic;
  const head = `HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n`;
  const bodyHead = `${head}Content-Type: application/json\r\nContent-Length: `;
  let count = start;

  return () => {
    const isRead = count % 10 < readsInTen;
    const coupon = count++ % coupons;
    const name = couponName(traffic, coupon);
    if (isRead) return { text: `GET /api/coupons/${name} ${head}\r\n`, coupon, claims: 0 };
    const claim = () => {
      const user = nextUser();
      return `{"user_id":"${userId(traffic, users ? user % users : user)}","coupon_name":"${name}"}`;
    };
    const claims = claimsInRequest ?? 1;
    const body = claimsInRequest ? `{"claims":[${Array.from({ length: claims }, claim)}]}` : claim();
    const path = claimsInRequest ? '/api/claims' : '/api/coupons/claim';
    return { text: `POST ${path} ${bodyHead}${body.length}\r\n\r\n${body}`, coupon, claims };
  };
}
