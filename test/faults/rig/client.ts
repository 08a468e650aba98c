import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../../clients/typescript/src/index.js';
import type { Answer, ClientEnd, Verdict } from '../history.js';
import type { Random } from '../random.js';
import { exchange, keptAlive, Lost, type Reply } from './exchange.js';
import { claimUntilKnown, MANY_PATH, type Wanted } from './many-claims.js';
import type { NewOperation, Recorder } from './recorder.js';

/**
 * How a client behaves:
 * - keyed: sends again with the same Idempotency-Key until it knows. It is the client for TypeScript.
 * - keyless: looks its claim up when the answer is lost, and sends again if there is none.
 * - hasty: as keyed, and breaks the connection when the answer does not come at once.
 * - doubled: as keyed, and sends everything twice at the same time, under two keys.
 * - once: sends once, and lets it be.
 */
export type Manner = 'keyed' | 'keyless' | 'hasty' | 'doubled' | 'once';
export const manners: readonly Manner[] = ['keyed', 'keyless', 'hasty', 'doubled', 'once'];

const HASTE_MS_MAX = 30;
const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 1_000;

interface SentRequest {
  method: string;
  path: string;
  body?: object;
  headers?: Record<string, string>;
}

/** People who use the services, one request after the other, over connections that stay open. */
export class Client {
  readonly #recorder: Recorder;
  readonly #random: Random;
  readonly #urls: readonly string[];
  readonly #ends: ClientEnd[];
  readonly #agent = keptAlive();
  readonly #stop: AbortSignal;
  readonly #patienceMs: number;

  /**
   * @param ends gets the end of each claimant.
   * @param stop ends all waits: the run is over, and those who wait yet never learn the truth.
   * @param patienceMs how long it waits for an answer.
   */
  constructor(
    recorder: Recorder,
    random: Random,
    urls: readonly string[],
    ends: ClientEnd[],
    stop: AbortSignal,
    patienceMs: number,
  ) {
    this.#recorder = recorder;
    this.#random = random;
    this.#urls = urls;
    this.#ends = ends;
    this.#stop = stop;
    this.#patienceMs = patienceMs;
  }

  close(): void {
    this.#agent.destroy();
  }

  /**
   * Claims a coupon for a user. The manner decides whether and how it tries again.
   * @param claimant names this attempt, which no other one is named.
   */
  async want(coupon: string, user: string, manner: Manner, claimant: string): Promise<void> {
    const names = manner === 'doubled' ? [claimant, `${claimant}/2`] : [claimant];
    await Promise.all(
      names.map(async (client) => {
        const key = manner === 'keyless' ? undefined : `key-of-${client}`;
        const end: ClientEnd = { client, coupon, user, startedAt: this.#recorder.now() };
        this.#ends.push(end);
        const verdict = await (manner === 'keyed'
          ? this.#claimByClient(client, coupon, user)
          : this.#claim(client, coupon, user, key, manner));
        if (!verdict) return;
        end.verdict = verdict;
        end.endedAt = this.#recorder.now();
      }),
    );
  }

  /** @returns undefined if the run ended before the truth came out. */
  async #claim(
    client: string,
    coupon: string,
    user: string,
    key: string | undefined,
    manner: Manner,
  ): Promise<Verdict | undefined> {
    for (let attempt = 0; !this.#stop.aborted; attempt++) {
      const haste =
        manner === 'hasty' && attempt < 2 ? this.#random.integer(0, HASTE_MS_MAX) : this.#patienceMs;
      const answer = await this.#send(
        { kind: 'claim', client, coupon, user, service: this.#anyService(), ...(key && { key }) },
        {
          method: 'POST',
          path: '/api/coupons/claim',
          body: { coupon_name: coupon, user_id: user },
          headers: key ? { 'Idempotency-Key': key } : {},
        },
        haste,
      );
      const verdict = verdictOf(answer);
      if (verdict) return verdict;
      if (manner === 'once') return 'gave_up';
      await this.backOff(answer, attempt);
      const isDoubtful = !answer || answer.code === 'outcome_unknown';
      if (key === undefined && isDoubtful && (await this.lookUp(coupon, user))) return 'holds';
    }
    return undefined;
  }

  /** @returns undefined if the run ended before the truth came out. */
  async #claimByClient(client: string, coupon: string, user: string): Promise<Verdict | undefined> {
    const key = `key-of-${client}`;
    const forTypeScript = createClient({
      // Each attempt goes to another one.
      baseUrl: this.#urls[0]!,
      timeoutMs: this.#patienceMs,
      deadlineMs: Number.POSITIVE_INFINITY,
      fetch: async (request) => {
        const service = this.#anyService();
        const body = (await request.json()) as object;
        const sent = { method: 'POST', path: new URL(request.url).pathname, body };
        const headers = { 'Idempotency-Key': `${request.headers.get('Idempotency-Key')}` };
        const operation: NewOperation = { kind: 'claim', client, coupon, user, service, key };
        const { reply } = await this.#exchange(operation, { ...sent, headers }, this.#patienceMs);
        // An empty text would add a Content-Type.
        return new Response(reply.text || null, { status: reply.status, headers: reply.headers });
      },
    });
    try {
      const result = await forTypeScript.claim(coupon, user, { idempotencyKey: key, signal: this.#stop });
      return result.ok || result.code === 'already_claimed' ? 'holds' : 'refused';
    } catch (error) {
      if (this.#stop.aborted) return undefined;
      throw error;
    }
  }

  /** Whether the user holds the coupon. */
  async lookUp(coupon: string, user: string): Promise<boolean> {
    for (let attempt = 0; !this.#stop.aborted; attempt++) {
      const path = `/api/coupons/${encodeURIComponent(coupon)}/claims/${encodeURIComponent(user)}`;
      const service = this.#anyService();
      const answer = await this.#send({ kind: 'look_up', coupon, user, service }, { method: 'GET', path });
      if (answer && answer.status < 500) return answer.status === 200;
      await this.backOff(answer, attempt);
    }
    return false;
  }

  /** Claims for many users, as the manner of each says, until all of them know. */
  async wantMany(wanted: readonly Wanted[], isHasty: boolean): Promise<void> {
    const ends = wanted.map(({ client, coupon, user }): ClientEnd => {
      return { client, coupon, user, startedAt: this.#recorder.now() };
    });
    this.#ends.push(...ends);
    await claimUntilKnown(this, this.#stop, wanted, isHasty, (place, answer) => {
      Object.assign(ends[place]!, { verdict: verdictOf(answer), endedAt: this.#recorder.now() });
    });
  }

  /** Sends many claims in one request, once. @returns the answer to each; undefined: it was lost. */
  async sendMany(wanted: readonly Wanted[], isHasty: boolean): Promise<Answer[] | undefined> {
    const service = this.#anyService();
    const begun = wanted.map((claim) => this.#recorder.begin({ kind: 'claim', service, ...claim }));
    const body = {
      claims: wanted.map(({ coupon, user, key }) => ({
        coupon_name: coupon,
        user_id: user,
        ...(key && { idempotency_key: key }),
      })),
    };
    const timeoutMs = isHasty ? this.#random.integer(0, HASTE_MS_MAX) : this.#patienceMs;
    const url = `${this.#urls[service]}${MANY_PATH}`;
    try {
      const reply = await exchange(this.#agent, url, { method: 'POST', body }, timeoutMs);
      return this.#recorder.endMany(begun, MANY_PATH, reply);
    } catch (error) {
      for (const operation of begun) this.#recorder.lose(operation, error);
      return undefined;
    }
  }

  /** Creates a coupon. Returns whether it exists then. */
  async create(coupon: string, amount: number): Promise<boolean> {
    for (let attempt = 0; !this.#stop.aborted; attempt++) {
      const service = this.#anyService();
      const request = { method: 'POST', path: '/api/coupons', body: { name: coupon, amount } };
      const answer = await this.#send({ kind: 'create', coupon, amount, service }, request);
      if (answer && answer.status < 500) return true;
      await this.backOff(answer, attempt);
    }
    return false;
  }

  /** Reads a coupon once. */
  async read(coupon: string): Promise<void> {
    const path = `/api/coupons/${encodeURIComponent(coupon)}`;
    await this.#send({ kind: 'read', coupon, service: this.#anyService() }, { method: 'GET', path });
  }

  /** Sends a request once. @returns undefined if its answer was lost. */
  async #send(
    operation: NewOperation,
    request: SentRequest,
    timeoutMs = this.#patienceMs,
  ): Promise<Answer | undefined> {
    const exchanged = await this.#exchange(operation, request, timeoutMs).catch((error) => {
      if (error instanceof Lost) return undefined;
      throw error;
    });
    if (!exchanged) return undefined;
    const { begun, answer, reply } = exchanged;
    if (begun.kind === 'read' && answer.status === 200) {
      const { amount, remaining_amount: remaining, claimed_by: claimedBy } = JSON.parse(reply.text);
      begun.reading = { amount, remaining, claimedBy };
    }
    return answer;
  }

  /** Sends a request once, and writes down what comes back. @throws Lost. */
  async #exchange(operation: NewOperation, request: SentRequest, timeoutMs: number) {
    const begun = this.#recorder.begin(operation);
    const url = `${this.#urls[operation.service]}${request.path}`;
    let reply: Reply;
    try {
      reply = await exchange(this.#agent, url, request, timeoutMs);
    } catch (error) {
      this.#recorder.lose(begun, error);
      throw error;
    }
    return { begun, reply, answer: this.#recorder.end(begun, request.method, request.path, reply) };
  }

  /** Waits as Retry-After says, or longer and longer. */
  async backOff(answer: Answer | undefined, attempt: number): Promise<void> {
    const ms = answer?.retryAfterSeconds
      ? answer.retryAfterSeconds * 1_000
      : Math.min(BACKOFF_MIN_MS * 2 ** attempt, BACKOFF_MAX_MS);
    await sleep(ms, undefined, { signal: this.#stop }).catch(() => {});
  }

  #anyService(): number {
    return this.#random.integer(0, this.#urls.length - 1);
  }
}

function verdictOf(answer: Answer | undefined): Verdict | undefined {
  if (answer?.status === 200 || answer?.code === 'already_claimed') return 'holds';
  if (answer && answer.status < 500) return 'refused';
  return undefined;
}
