import { createParser } from 'eventsource-parser';
import { type Api, type LogEvent, needsKey, Refusal } from './api.js';
import { Pause } from './pause.js';

export interface FollowTimes {
  /** A stream that is silent for longer is broken. The server sends something every 15 seconds. */
  silenceMsMax: number;
  /** After a longer break the page begins anew, instead of catching up. */
  breakMsMax: number;
}

const TIMES: FollowTimes = { silenceMsMax: 25_000, breakMsMax: 60_000 };
const WATCHES_PER_SILENCE = 10;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

export interface LogListener {
  /**
   * A stream has begun. What is read from now on agrees with the events that follow.
   * @param isNew whether events may have been left out before it.
   */
  onConnected(isNew: boolean): void;
  onEvents(events: LogEvent[]): void;
  /** The stream broke, or could not begin. It is tried again. */
  onLost(error: unknown): void;
}

/**
 * Follows the log from now on: over breaks, restarts of the server, and sleep of the computer. It
 * connects with the cursor of the last event, or begins anew at the end of the log.
 */
export class LogFollower {
  readonly #api: Api;
  readonly #listener: LogListener;
  readonly #times: FollowTimes;
  readonly #pause = new Pause();
  #connection = new AbortController();
  #cursor: string | undefined;
  /** Whether events may have been left out since the last stream. */
  #isNew = true;
  /** When an event or a sign of life came. */
  #heardAt = 0;
  /** The same, or when the server was asked for a stream. */
  #waitingSince = 0;
  #retryMs = RETRY_MS_MIN;
  #isStopped = false;

  constructor(api: Api, listener: LogListener, times = TIMES) {
    this.#api = api;
    this.#listener = listener;
    this.#times = times;
  }

  /** Follows until `stop`. */
  async run(): Promise<void> {
    // A timer of a sleeping computer fires when it wakes up.
    const { silenceMsMax } = this.#times;
    const watch = setInterval(() => {
      if (Date.now() - this.#waitingSince > silenceMsMax) this.#connection.abort();
    }, silenceMsMax / WATCHES_PER_SILENCE);
    while (!this.#isStopped) {
      try {
        await this.#follow();
        throw new TypeError('the stream ended');
      } catch (error) {
        if (!this.#isStopped) await this.#waitAfter(error);
      }
    }
    clearInterval(watch);
  }

  /** Connects at once, if there is no connection: the network is back, or the page is looked at again. */
  wake(): void {
    this.#pause.cut();
  }

  /** Connects anew, with what the key allows. */
  restart(): void {
    this.#connection.abort();
    this.#pause.cut();
  }

  stop(): void {
    this.#isStopped = true;
    this.restart();
  }

  async #waitAfter(error: unknown): Promise<void> {
    if (error instanceof Refusal && error.status === 410) this.#cursor = undefined;
    this.#listener.onLost(error);
    // Jitter: a server that starts again has all of its pages back at once otherwise.
    const waitMs = needsKey(error) ? RETRY_MS_MAX : this.#retryMs * (0.5 + Math.random());
    await this.#pause.wait(Math.max(waitMs, (error instanceof Refusal && error.retryAfterMs) || 0));
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
  }

  async #follow(): Promise<void> {
    const connection = new AbortController();
    this.#connection = connection;
    this.#waitingSince = Date.now();
    if (Date.now() - this.#heardAt > this.#times.breakMsMax) this.#cursor = undefined;
    this.#isNew ||= this.#cursor === undefined;
    this.#cursor ??= await this.#api.endOfLog(connection.signal);
    const stream = await this.#api.openEvents(this.#cursor, connection.signal);
    this.#listener.onConnected(this.#isNew);
    this.#isNew = false;
    this.#retryMs = RETRY_MS_MIN;

    let events: LogEvent[] = [];
    const parser = createParser({ onEvent: ({ data }) => events.push(JSON.parse(data)) });
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#heardAt = Date.now();
      this.#waitingSince = this.#heardAt;
      parser.feed(decoder.decode(value, { stream: true }));
      if (events.length === 0) continue;
      const last = events.at(-1);
      this.#cursor = last?.cursor ?? last?.id;
      this.#listener.onEvents(events);
      events = [];
    }
  }
}
