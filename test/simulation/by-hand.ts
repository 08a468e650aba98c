import type { HandEvent } from './plan.js';
import { type Coupon, type Stock, Transaction } from './tables.js';
import type { World } from './world.js';

/** Changes the database by hand, in a transaction that may wait for locks and hold them for a while. */
export class HandTransaction {
  readonly #world: World;
  readonly #event: HandEvent;
  readonly #coupon: Coupon;
  readonly #transaction = new Transaction();

  constructor(world: World, event: HandEvent) {
    this.#world = world;
    this.#event = event;
    this.#coupon = world.postgres.coupon(event.coupon);
  }

  run(): void {
    if (this.#event.deed !== 'grantFirst') this.#lock();
    else if (this.#insertFirst()) this.#world.clock.after(3, () => this.#lock());
  }

  #insertFirst(): boolean {
    const { user } = this.#event;
    const { stock, inserting } = this.#coupon;
    if (!stock || stock.rows.has(user) || inserting.has(user)) return false;
    inserting.set(user, this.#transaction);
    this.#transaction.inserted.push({ coupon: this.#coupon, user });
    return true;
  }

  #lock(): void {
    const isMissing = this.#coupon.stock === undefined;
    if (isMissing !== (this.#event.deed === 'create')) {
      this.#giveUp();
      return;
    }
    this.#world.postgres.lock(
      this.#coupon,
      this.#transaction,
      () => this.#change(),
      () => this.#giveUp(),
    );
  }

  #change(): void {
    const { stock } = this.#coupon;
    const changed = changedStock(this.#event, stock, this.#world);
    if (changed !== stock) this.#transaction.changes.push({ coupon: this.#coupon, stock: changed });
    else if (this.#event.deed !== 'lock') {
      this.#giveUp();
      return;
    }
    this.#world.clock.after(this.#event.holdMs, () => this.#end());
  }

  #end(): void {
    if (this.#event.rollsBack) {
      this.#giveUp();
      return;
    }
    this.#world.postgres.commit(this.#transaction);
    this.#world.note?.(`by hand: ${describe(this.#event)}`);
  }

  #giveUp(): void {
    this.#world.postgres.rollBack(this.#transaction);
  }
}

/** The coupon after the change; the same object if there is nothing to change. */
function changedStock(
  { deed, user, units }: HandEvent,
  stock: Stock | undefined,
  world: World,
): Stock | undefined {
  const { postgres } = world;
  if (!stock) return deed === 'create' ? postgres.newStock(units) : stock;
  const { amount, remaining } = stock;
  switch (deed) {
    case 'restock':
      return { ...stock, amount: amount + units, remaining: remaining + units };
    case 'withdraw': {
      const taken = Math.min(units, remaining, amount - 1);
      return taken > 0 ? { ...stock, amount: amount - taken, remaining: remaining - taken } : stock;
    }
    case 'grant':
    case 'grantFirst': {
      if (remaining === 0 || stock.rows.has(user)) return stock;
      const rows = new Map(stock.rows);
      rows.set(user, { user, key: null, number: ++postgres.rowNumber });
      return { ...stock, rows, remaining: remaining - 1 };
    }
    case 'revoke': {
      if (!stock.rows.has(user)) return stock;
      const rows = new Map(stock.rows);
      rows.delete(user);
      return { ...stock, rows, remaining: remaining + 1 };
    }
    case 'drop':
      return undefined;
    case 'create':
    case 'lock':
      return stock;
  }
}

function describe({ deed, coupon, user, units }: HandEvent): string {
  switch (deed) {
    case 'restock':
      return `${units} units are added to ${coupon}`;
    case 'withdraw':
      return `${units} units are taken from ${coupon}, if they are left`;
    case 'grant':
      return `${user} is given ${coupon}`;
    case 'grantFirst':
      return `${user} is given ${coupon}, and the claim is inserted before the coupon is locked`;
    case 'revoke':
      return `${user}'s claim for ${coupon} is deleted`;
    case 'drop':
      return `${coupon} and its claims are deleted`;
    case 'create':
      return `${coupon} is created with ${units} units`;
    case 'lock':
      return `${coupon} is locked, and not changed`;
  }
}
