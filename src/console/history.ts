/** How far back the chart goes. */
export const HISTORY_SECONDS = 300;

export interface Series {
  /** Seconds since 1970, one after the other. */
  seconds: number[];
  /** The units left at the end of each second. */
  stock: (number | null)[];
  /** The claims made in each second. */
  claims: (number | null)[];
}

/** The last minutes of a coupon, second by second: a ring, so that it stays as small as it is. */
export class History {
  readonly #claims = new Uint32Array(HISTORY_SECONDS);
  readonly #stock = new Float64Array(HISTORY_SECONDS).fill(Number.NaN);
  #newest = 0;
  /** Before the first second of the ring. */
  #stockBefore: number;

  constructor(stock: number) {
    this.#stockBefore = stock;
  }

  addClaim(second: number): void {
    if (this.#reach(second)) this.#claims[second % HISTORY_SECONDS]! += 1;
  }

  /** Notes the units that are left now. */
  setStock(second: number, stock: number): void {
    if (this.#reach(second)) this.#stock[second % HISTORY_SECONDS] = stock;
  }

  claimsIn(second: number): number {
    return this.#holds(second) ? this.#claims[second % HISTORY_SECONDS]! : 0;
  }

  /** From one second to another, at most as far as the ring goes. */
  series(from: number, to: number): Series {
    const series: Series = { seconds: [], stock: [], claims: [] };
    let stock = this.#stockBefore;
    for (let second = to - HISTORY_SECONDS + 1; second <= to; second++) {
      const known = this.#holds(second) ? this.#stock[second % HISTORY_SECONDS]! : Number.NaN;
      if (!Number.isNaN(known)) stock = known;
      if (second < from) continue;
      series.seconds.push(second);
      series.stock.push(stock);
      series.claims.push(this.claimsIn(second));
    }
    return series;
  }

  #holds(second: number): boolean {
    return second <= this.#newest && second > this.#newest - HISTORY_SECONDS;
  }

  /** Moves the ring on, if needed. Returns whether it has the second. */
  #reach(second: number): boolean {
    const last = Math.min(second, this.#newest + HISTORY_SECONDS);
    for (let next = this.#newest + 1; next <= last; next++) {
      const slot = next % HISTORY_SECONDS;
      const leaving = this.#stock[slot]!;
      if (!Number.isNaN(leaving)) this.#stockBefore = leaving;
      this.#stock[slot] = Number.NaN;
      this.#claims[slot] = 0;
    }
    this.#newest = Math.max(this.#newest, second);
    return this.#holds(second);
  }
}
