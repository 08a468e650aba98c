import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from '../support/scope.js';
import type { ClientEnd, History, Sample } from './history.js';
import type { Plan } from './plan.js';
import { Random } from './random.js';
import { Client, type Manner, manners } from './rig/client.js';
import { claimInOrder } from './rig/pipeline.js';
import { Recorder } from './rig/recorder.js';
import type { Rig } from './rig/rig.js';

/** On the answer to a request, and on the time until a client knows the truth after the last fault. */
export const BOUNDS = { answerMs: 30_000, endMs: 30_000 };
const RECOVERY_TIMEOUT_MS = 60_000;
/** Clients wait longer than the services promise to take. */
const PATIENCE_MS = 40_000;
/**
 * If a worker is killed while Node.js hands a connection over to it, nobody answers that connection,
 * and nobody closes it. Clients need a time-out against that.
 */
const IMPATIENCE_MS = 5_000;
const THINK_MS_MAX = 150;
const SAMPLE_INTERVAL_MS = 50;
const CREATE_INTERVAL_MS = 400;
/** One claim in so many is for a user who claims for the second time, perhaps. */
const REPEAT_CHANCE = 0.1;
/** One request in so many has many claims. */
const MANY_CHANCE = 0.15;
const MANY_MAX = 30;
/** Within one turn of their lane, so that they are decided in their order. */
const MANY_IN_ORDER = 60;
const HASTE_CHANCE = 0.2;

/** The people who use the services during a run, and those who watch the books. */
export class Load {
  readonly recorder = new Recorder();
  readonly #plan: Plan;
  readonly #rig: Rig;
  readonly #random: Random;
  readonly #urls: string[];
  readonly #ends: ClientEnd[] = [];
  readonly #samples: Sample[] = [];
  readonly #orderedCoupons: string[] = [];
  /** Names of coupons that exist. */
  readonly #coupons: string[] = [];
  readonly #abort = new AbortController();
  #isOver = false;
  #users = 0;

  constructor(scope: Scope, plan: Plan, rig: Rig) {
    this.#plan = plan;
    this.#rig = rig;
    this.#random = new Random(plan.seed + 2);
    this.#urls = rig.services.map(({ url }) => url);
    scope.teardown(() => this.#abort.abort());
  }

  get history(): Pick<History, 'operations' | 'ends' | 'samples' | 'orderedCoupons'> {
    const { operations } = this.recorder;
    const [ends, samples, orderedCoupons] = [this.#ends, this.#samples, this.#orderedCoupons];
    return { operations, ends, samples, orderedCoupons };
  }

  /** Creates the coupons. With one process, some users arrive in a known order. */
  async prepare(): Promise<void> {
    const client = this.#client();
    for (const { name, amount } of this.#plan.coupons) {
      await client.create(name, amount);
      this.#coupons.push(name);
    }
    if (this.#plan.services === 1 && this.#plan.workers === 1) {
      const coupon = 'in order';
      this.#orderedCoupons.push(coupon);
      await client.create(coupon, 40);
      const connections = [1, 2, 3].map((connection) => {
        const users = Array.from({ length: 25 }, () => this.#newUser());
        const [url] = this.#urls as [string];
        return claimInOrder(this.recorder, this.#ends, url, connection, coupon, users);
      });
      const many = Array.from({ length: MANY_IN_ORDER }, (_, place) => {
        const user = this.#newUser();
        return { client: user, coupon, user, key: `key-of-${user}`, arrival: { connection: 0, place } };
      });
      await Promise.all([...connections, client.wantMany(many, false)]);
    }
    client.close();
  }

  /** Resolves when everybody has finished after `end`. */
  async work(): Promise<void> {
    await Promise.all([
      ...Array.from({ length: this.#plan.clients }, () =>
        this.#repeat(THINK_MS_MAX, (client) => {
          if (this.#random.chance(MANY_CHANCE)) return this.#wantMany(client);
          const user = this.#anyUser();
          const manner = this.#random.pick<Manner>(manners);
          return client.want(this.#random.pick(this.#coupons), user, manner, `client-${this.#ends.length}`);
        }),
      ),
      this.#repeat(THINK_MS_MAX, (client) => client.read(this.#random.pick(this.#coupons))),
      this.#repeat(CREATE_INTERVAL_MS, async (client) => {
        const name = `later ${this.#coupons.length}`;
        if (await client.create(name, this.#random.integer(1, 30))) this.#coupons.push(name);
      }),
      this.#sample(),
    ]);
  }

  /** Waits until every service is healthy. Returns when, or undefined if that takes too long. */
  async recover(): Promise<number | undefined> {
    const healthy = this.#rig.services.map((service) => service.untilHealthy(RECOVERY_TIMEOUT_MS));
    return Promise.all(healthy).then(
      () => this.recorder.now(),
      (error) => {
        console.error(error.message);
        return undefined;
      },
    );
  }

  /** Lets nobody begin any more, and waits for those who have begun. */
  async end(working: Promise<void>): Promise<void> {
    this.#isOver = true;
    const timer = setTimeout(() => this.#abort.abort(), BOUNDS.endMs);
    await working;
    clearTimeout(timer);
  }

  async #repeat(thinkMsMax: number, act: (client: Client) => Promise<void>): Promise<void> {
    const client = this.#client();
    while (!this.#isOver) {
      await act(client);
      await sleep(this.#random.integer(0, thinkMsMax));
    }
    client.close();
  }

  async #sample(): Promise<void> {
    while (!this.#isOver) {
      const { primary } = this.#rig.cluster;
      const { pid } = primary;
      const at = this.recorder.now();
      // The primary may be broken just now.
      const accounts = await this.#rig.cluster.accounts().catch(() => undefined);
      await sleep(SAMPLE_INTERVAL_MS);
      // When its main process is killed, PostgreSQL lets running sessions see commits that have not
      // reached the standby. They may be gone after the failover.
      if (accounts && primary.pid === pid) this.#samples.push({ at, accounts });
    }
  }

  #client(): Client {
    const isWorkerKilled = this.#plan.faults.some(({ kind }) => kind === 'killWorker');
    const patienceMs = isWorkerKilled ? IMPATIENCE_MS : PATIENCE_MS;
    return new Client(this.recorder, this.#random, this.#urls, this.#ends, this.#abort.signal, patienceMs);
  }

  /** Claims for several users and coupons in one request, some of them with keys. */
  #wantMany(client: Client): Promise<void> {
    const number = this.recorder.operations.length;
    const wanted = Array.from({ length: this.#random.integer(2, MANY_MAX) }, (_, place) => {
      const name = `many-${number}/${place}`;
      const isKeyed = this.#random.chance(0.7);
      const claim = { client: name, coupon: this.#random.pick(this.#coupons), user: this.#anyUser() };
      return isKeyed ? { ...claim, key: `key-of-${name}` } : claim;
    });
    return client.wantMany(wanted, this.#random.chance(HASTE_CHANCE));
  }

  #anyUser(): string {
    return this.#random.chance(REPEAT_CHANCE) ? this.#knownUser() : this.#newUser();
  }

  #newUser(): string {
    return `user-${++this.#users}`;
  }

  #knownUser(): string {
    return `user-${this.#random.integer(1, Math.max(1, this.#users))}`;
  }
}
