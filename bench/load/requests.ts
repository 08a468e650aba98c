import { COUPON_DIGITS, couponName, type Traffic, USER_DIGITS, userId } from './traffic.js';

export interface Request {
  bytes: Buffer;
  coupon: number;
  /** Whether the request reads its coupon, instead of claiming it. */
  isRead: boolean;
}

/**
 * Makes the requests of one connection, in turn. An expensive load generator takes the processor
 * from what it measures. So the bytes are made once, and only digits change: take the next request
 * after the answer to the last one.
 * @param start the coupon that this connection starts at.
 * @param nextUser counts the users of all connections.
 */
export function requestsOf(traffic: Traffic, host: string, start: number, nextUser: () => number) {
  const { coupons, users, readsInTen } = traffic;
  const [coupon, user] = [couponName(traffic, 0), userId(traffic, 0)];
  const body = JSON.stringify({ user_id: user, coupon_name: coupon });
  const head = `HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n`;
  const bodyHead = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const read = Buffer.from(`GET /api/coupons/${coupon} ${head}\r\n`);
  const claim = Buffer.from(`POST /api/coupons/claim ${head}${bodyHead}${body}`);
  const endIn = (bytes: Buffer, name: string) => bytes.indexOf(name) + name.length;
  const [couponInRead, couponInClaim, userInClaim] = [
    endIn(read, coupon),
    endIn(claim, coupon),
    endIn(claim, user),
  ];
  let count = start;

  return (): Request => {
    const isRead = count % 10 < readsInTen;
    const coupon = count++ % coupons;
    if (isRead) {
      writeDigits(read, couponInRead, coupon, COUPON_DIGITS);
      return { bytes: read, coupon, isRead };
    }
    const user = nextUser();
    writeDigits(claim, couponInClaim, coupon, COUPON_DIGITS);
    writeDigits(claim, userInClaim, users === null ? user : user % users, USER_DIGITS);
    return { bytes: claim, coupon, isRead };
  };
}

function writeDigits(bytes: Buffer, end: number, value: number, digits: number): void {
  for (let i = 1, rest = value; i <= digits; i++) {
    bytes[end - i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
