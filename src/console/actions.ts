import type { Action } from './action-dialog.js';
import type { Api, Claim, Coupon, CouponChange, NewCoupon } from './api.js';
import { fillNumber, fillTime, hasChanged, inputTime, numberOf, textOf } from './fields.js';
import type { ServerClock } from './server-clock.js';
import { countOf, countWords, exactTimeWords, spanWords } from './words.js';

/** How far in the past an end is that is meant to be now. The clocks of the servers may differ by less. */
const END_MARGIN_MS = 1_000;

/** What a person with the key of an administrator can do. */
export class Actions {
  readonly #api: Api;
  readonly #clock: ServerClock;

  constructor(api: Api, clock: ServerClock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** @param onCreated gets the name. */
  create(onCreated: (name: string) => void): Action {
    return {
      consequence: (form) => {
        const [name, amount] = [textOf(form, 'name'), numberOf(form, 'amount')];
        if (!name || amount === undefined) return 'Give the coupon a name and a stock.';
        return `${name} gets ${countOf(amount, 'unit')}; ${this.#windowWords(boundsIn(form))}`;
      },
      run: async (form) => {
        const coupon: { [Field in keyof NewCoupon]?: NewCoupon[Field] | undefined } = {
          name: textOf(form, 'name'),
          amount: numberOf(form, 'amount'),
          ...boundsIn(form),
        };
        // The server says what is missing.
        await this.#api.createCoupon(coupon as NewCoupon);
        onCreated(String(coupon.name));
        return `${coupon.name} was created with ${countOf(Number(coupon.amount), 'unit')}.`;
      },
    };
  }

  restock(get: () => Coupon): Action {
    const { name } = get();
    return {
      fill: (form) => fillNumber(form, 'amount', get().amount),
      consequence: (form) => {
        const { amount, remaining_amount } = get();
        const wanted = numberOf(form, 'amount');
        if (wanted === undefined) return 'Give the new stock.';
        const claimed = amount - remaining_amount;
        const change = wanted - amount;
        const claimedWords = `${countOf(claimed, 'unit')} ${claimed === 1 ? 'is' : 'are'} claimed`;
        if (change === 0) return `${name} has ${countOf(amount, 'unit')}, and ${claimedWords}.`;
        const verb = change > 0 ? `${countOf(change, 'unit')} more` : `${countOf(-change, 'unit')} less`;
        const from = `from ${countWords(amount)} to ${countWords(wanted)}: ${verb}`;
        const left = wanted - claimed;
        return left < 0
          ? `The stock changes ${from}. But ${claimedWords}.`
          : `The stock changes ${from}. ${claimedWords}, so ${countWords(left)} will be left.`;
      },
      run: async (form) => {
        const change = { amount: numberOf(form, 'amount') } as CouponChange;
        const { amount, remaining_amount } = await this.#api.changeCoupon(name, change);
        return `${name} has ${countOf(amount, 'unit')}, and ${countWords(remaining_amount)} left.`;
      },
    };
  }

  changeWindow(get: () => Coupon): Action {
    const { name, ...before } = get();
    /** Only what was changed: the fields show no fractions of a second. */
    const changesIn = (form: HTMLFormElement): CouponChange => {
      const change: CouponChange = {};
      for (const bound of BOUNDS) {
        if (hasChanged(form, bound)) change[bound] = isoOf(inputTime(form, bound)) ?? null;
      }
      return change;
    };
    return {
      fill: (form) => {
        for (const bound of BOUNDS) fillTime(form, bound, msOf(before[bound]));
      },
      consequence: (form) => {
        const now = this.#windowWords(before);
        const then = this.#windowWords({ ...before, ...changesIn(form) });
        return now === then ? `It stays as it is: ${now}` : `${then} Until now: ${now}`;
      },
      run: async (form) =>
        `${name}: ${this.#windowWords(await this.#api.changeCoupon(name, changesIn(form)))}`,
    };
  }

  end(get: () => Coupon): Action {
    const { name } = get();
    return {
      consequence: () => {
        const { amount, remaining_amount } = get();
        const claimed = amount - remaining_amount;
        return (
          `The sale ends at once. ${countWords(remaining_amount)} of ${countOf(amount, 'unit')} stay unsold, ` +
          `and nobody can claim any more. ${countOf(claimed, 'claim')} ${claimed === 1 ? 'stays' : 'stay'} valid.`
        );
      },
      run: async () => {
        const startMs = msOf(get().starts_at) ?? 0;
        const endMs = Math.max(this.#clock.now() - END_MARGIN_MS, startMs + 1);
        const { remaining_amount } = await this.#api.changeCoupon(name, { ends_at: isoOf(endMs)! });
        return `${name} has ended, with ${countOf(remaining_amount, 'unit')} unsold.`;
      },
    };
  }

  release(get: () => Coupon, { user_id, claimed_at, position }: Claim, onReleased: () => void): Action {
    const { name } = get();
    return {
      consequence: () => {
        const { remaining_amount, state } = get();
        const left = `One unit goes back into stock: ${countWords(remaining_amount + 1)} will be left`;
        const next = state === 'ended' ? '' : ', and somebody else can claim it';
        const when = exactTimeWords(Date.parse(claimed_at));
        return `${user_id} loses claim number ${countWords(position)}, made ${when}. ${left}${next}.`;
      },
      run: async () => {
        await this.#api.releaseClaim(name, user_id);
        onReleased();
        return `The claim of ${user_id} for ${name} was released.`;
      },
    };
  }

  #windowWords(bounds: Bounds): string {
    const nowMs = this.#clock.now();
    const [startMs, endMs] = [msOf(bounds.starts_at), msOf(bounds.ends_at)];
    const at = (ms: number, will: string, did: string) =>
      ms > nowMs
        ? `${will} ${exactTimeWords(ms)}, in ${spanWords(ms - nowMs)}`
        : `${did} ${exactTimeWords(ms)}`;
    const start = startMs === undefined ? 'it has no start' : at(startMs, 'it opens', 'it opened');
    const end = endMs === undefined ? 'it has no end' : at(endMs, 'it ends', 'it ended');
    return `${start}; ${end}.`;
  }
}

const BOUNDS = ['starts_at', 'ends_at'] as const;
type Bounds = { [Bound in (typeof BOUNDS)[number]]?: string | null | undefined };

const msOf = (time: string | null | undefined) => (time ? Date.parse(time) : undefined);
const isoOf = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

const boundsIn = (form: HTMLFormElement) => ({
  starts_at: isoOf(inputTime(form, 'starts_at')),
  ends_at: isoOf(inputTime(form, 'ends_at')),
});
