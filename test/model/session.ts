import type { Sql } from 'postgres';
import type { EventPage } from '../../src/events/event-log.js';
import type { Answer } from '../support/app.js';
import { Consumer, type LogPlace } from './consumer.js';
import type { Call } from './explain.js';
import { send } from './http.js';
import type { Operation, Request } from './operation.js';
import { isForeign, lookAt, outcomesIn, type Seen } from './seen.js';

/** Two servers with one database. */
export interface Target {
  urls: string[];
  sql: Sql;
  place: LogPlace;
  /** How often each operation had each answer. */
  counts: Record<string, number>;
}

/**
 * Reads a page of the log. It has no place in the order: the consumer holds what it reads against the model.
 */
export interface LogReading {
  operationId: 'listEvents';
  words: string;
  isUseful(): boolean;
  limit: number;
}

/** What a client does. */
export interface Step {
  /** Of the servers, from 0 on. */
  server: number;
  action: Operation | LogReading;
}

export const stepWords = ({ server, action }: Step) => `server ${server + 1}: ${action.words}`;

/** Names grow: a list that begins with the names of a history sees only those of the histories beside it. */
let histories = 0;

/** No list of a history is longer. A server with a bug may lead in a circle. */
const PAGES_MAX = 100;

/**
 * The clients of a history. Their names have a prefix that no other history has. It is removed from answers.
 */
export class Session {
  readonly prefix: string;
  readonly consumer: Consumer;
  /** When which claim was made, as answers said: `coupon user time`. */
  readonly claimTimes = new Set<string>();
  readonly #urls: string[];
  readonly #counts: Target['counts'];
  #clock = 0;
  #walks = 0;

  constructor({ urls, place, counts }: Target) {
    this.prefix = `history-${String(++histories).padStart(9, '0')}-`;
    this.consumer = new Consumer(place, (coupon) => !isForeign(coupon));
    this.#urls = urls;
    this.#counts = counts;
  }

  /** Takes all steps at once. @throws Error if an answer breaks the contract. */
  async take(steps: readonly Step[]): Promise<Call[]> {
    const calls = await Promise.all(steps.map((step) => this.#take(step)));
    return calls.flat();
  }

  readLog(server: number): (query: string) => Promise<EventPage> {
    return async (query) => {
      const answer = await this.#request(server, { method: 'GET', path: `/api/events?${query}` });
      if (answer.status !== 200) throw new Error(`listEvents is answered ${answer.status}: ${answer.text}`);
      return answer.json() as unknown as EventPage;
    };
  }

  async #take({ server, action }: Step): Promise<Call[]> {
    if ('limit' in action) {
      await this.consumer.read(this.readLog(server), action.limit);
      this.#count(action.operationId, { status: 200 });
      return [];
    }
    const calls: Call[] = [];
    const walk = ++this.#walks;
    let cursor: string | undefined;
    do {
      const start = ++this.#clock;
      const answer = await this.#request(
        server,
        action.request((name) => this.prefix + name, cursor),
      );
      const end = ++this.#clock;
      const { seen, next, claimTimes } = lookAt(answer);
      for (const time of claimTimes) this.claimTimes.add(time);
      if (action.parts && seen.status === 200) {
        for (const [i, outcome] of outcomesIn(answer).entries()) {
          calls.push({ operation: action.parts[i]!, server, walk, start, end, seen: outcome });
        }
      } else calls.push({ operation: action, server, walk, start, end, seen });
      this.#count(action.operationId, seen);
      cursor = next;
    } while (cursor !== undefined && calls.length < PAGES_MAX);
    return calls;
  }

  #count(operationId: string, { status, code, headers }: Seen): void {
    const answer = [operationId, status, code, headers?.['idempotent-replayed'] && 'replayed'];
    const name = answer.filter(Boolean).join(' ');
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
  }

  async #request(server: number, request: Request): Promise<Answer> {
    const answer = await send(this.#urls[server]!, request);
    const text = answer.text.replaceAll(this.prefix, '');
    const location = answer.headers.get('location')?.replace(this.prefix, '');
    const headers = location ? new Headers({ location }) : answer.headers;
    return { status: answer.status, headers, text, json: () => JSON.parse(text) };
  }
}
