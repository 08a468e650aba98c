import type { Sql } from 'postgres';
import { DatabaseTimeout, isReadOnly } from '../../src/database/errors.js';
import type { Batch, ServerRun } from './asked.js';
import type { Timer } from './clock.js';
import { Driver } from './driver.js';
import { LIMITS } from './plan.js';
import type { Session } from './session.js';
import type { World } from './world.js';

/** The client of a lane: as src/database/client.ts, over a modelled connection, in simulated time. */
export class ModelClient {
  /** The batch whose statement the lane makes now. */
  batch: Batch | undefined;
  readonly #world: World;
  readonly #server: ServerRun;
  readonly #lane: number;
  #driver!: Driver;
  #sql!: Sql;

  constructor(world: World, server: ServerRun, lane: number) {
    this.#world = world;
    this.#server = server;
    this.#lane = lane;
    this.#open();
  }

  get sql(): Sql {
    return this.#sql;
  }

  get session(): Session | undefined {
    return this.#driver.session;
  }

  send<T>(run: (sql: Sql) => Promise<T>): { sql: Sql; result: Promise<T> } {
    return { sql: this.#sql, result: run(this.#sql) };
  }

  async bound<T>(sql: Sql, result: Promise<T>): Promise<T> {
    let timer: Timer | undefined;
    const timeout = new Promise<never>((_, reject) => {
      const giveUp = () => {
        if (this.#server.isDead) return;
        const { number } = this.#server;
        this.#world.note?.(`${this.#world.laneName(number, this.#lane)} gives up its connection: no answer`);
        this.replace(sql);
        reject(new DatabaseTimeout());
      };
      const { clock } = this.#world;
      timer = clock.after(LIMITS.giveUpMs, () => {
        timer = clock.after(0, giveUp);
      });
    });
    try {
      return await Promise.race([result, timeout]);
    } catch (error) {
      if (isReadOnly(error)) this.replace(sql);
      throw error;
    } finally {
      this.#world.clock.cancel(timer);
    }
  }

  replace(sql: Sql): boolean {
    if (this.#sql !== sql) return false;
    const driver = this.#driver;
    this.#open();
    driver.end();
    return true;
  }

  #open(): void {
    const driver = new Driver(this.#world, this.#server, this.#lane);
    this.#driver = driver;
    const unsafe = (_statement: string, [coupons, users, keys]: [string[], string[], string[]]) =>
      new Promise((resolve, reject) => {
        const { batch } = this;
        if (!batch) throw new Error('a statement belongs to a batch');
        const number = this.#world.nextStatement(this.#server.number, this.#lane);
        const wanted = coupons.map((coupon, i) => ({
          coupon,
          user: users[i] as string,
          key: keys[i] as string,
        }));
        this.#world.reached(this.#server.number, this.#lane, number, 'sent');
        driver.query({ batch, wanted, number, resolve, reject });
      });
    this.#sql = { unsafe } as unknown as Sql;
  }
}
