/** What the requests of a scenario are about. Plain data: it goes to the load process, and into wrk's script. */
export interface Traffic {
  /** Coupons are called by this and five digits. */
  couponPrefix: string;
  coupons: number;
  /** Users are called by this and eight digits. */
  userPrefix: string;
  /** So many users claim again and again; null: each claim is by another user. */
  users: number | null;
  /** How many of ten requests read a coupon; the others claim one. */
  readsInTen: number;
}

export const COUPON_DIGITS = 5;
export const USER_DIGITS = 8;

export function couponName(traffic: Traffic, i: number): string {
  return traffic.couponPrefix + String(i).padStart(COUPON_DIGITS, '0');
}

export function userId(traffic: Traffic, i: number): string {
  return traffic.userPrefix + String(i).padStart(USER_DIGITS, '0');
}

/** The body of a claim, cut where the digits of the user and of the coupon belong. */
export function claimBodyParts(traffic: Traffic): [string, string, string] {
  return [`{"user_id":"${traffic.userPrefix}`, `","coupon_name":"${traffic.couponPrefix}`, '"}'];
}

/** The whole claim request, cut in the same places. */
export function claimParts(traffic: Traffic, host: string): [string, string, string] {
  const [user, coupon, end] = claimBodyParts(traffic);
  const length = user.length + USER_DIGITS + coupon.length + COUPON_DIGITS + end.length;
  const head = [
    'POST /api/coupons/claim HTTP/1.1',
    `Host: ${host}`,
    'Connection: keep-alive',
    'Content-Type: application/json',
    `Content-Length: ${length}`,
  ];
  return [`${head.join('\r\n')}\r\n\r\n${user}`, coupon, end];
}

/**
 * The requests of one connection, one after the other. A load generator that costs much takes the processor from
 * what it measures, so the bytes are made once, and only digits change. A request may be written over when
 * its answer has come.
 */
export class Requests {
  /** What the last request was for. */
  coupon = 0;
  isRead = false;
  readonly #traffic: Traffic;
  readonly #nextUser: () => number;
  readonly #claim: Buffer;
  readonly #userEnd: number;
  readonly #claimCouponEnd: number;
  readonly #read: Buffer;
  readonly #readCouponEnd: number;
  #count: number;

  /**
   * @param start where in the row of coupons this connection starts.
   * @param nextUser counts the users of all connections.
   */
  constructor(traffic: Traffic, host: string, start: number, nextUser: () => number) {
    this.#traffic = traffic;
    this.#nextUser = nextUser;
    this.#count = start - 1;
    const [user, coupon, end] = claimParts(traffic, host);
    this.#userEnd = user.length + USER_DIGITS;
    this.#claimCouponEnd = this.#userEnd + coupon.length + COUPON_DIGITS;
    this.#claim = Buffer.from(user + '0'.repeat(USER_DIGITS) + coupon + '0'.repeat(COUPON_DIGITS) + end);
    const read = `GET /api/coupons/${traffic.couponPrefix}`;
    this.#readCouponEnd = read.length + COUPON_DIGITS;
    this.#read = Buffer.from(
      `${read}${'0'.repeat(COUPON_DIGITS)} HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n\r\n`,
    );
  }

  next(): Buffer {
    const { coupons, users, readsInTen } = this.#traffic;
    this.#count++;
    this.coupon = this.#count % coupons;
    this.isRead = this.#count % 10 < readsInTen;
    if (this.isRead) {
      writeDigits(this.#read, this.#readCouponEnd, this.coupon, COUPON_DIGITS);
      return this.#read;
    }
    const user = this.#nextUser();
    writeDigits(this.#claim, this.#userEnd, users === null ? user : user % users, USER_DIGITS);
    writeDigits(this.#claim, this.#claimCouponEnd, this.coupon, COUPON_DIGITS);
    return this.#claim;
  }
}

function writeDigits(buffer: Buffer, end: number, value: number, digits: number): void {
  for (let i = 1, rest = value; i <= digits; i++) {
    buffer[end - i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
