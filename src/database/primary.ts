import { setTimeout as sleep } from 'node:timers/promises';

/** What a host says of itself. */
export type HostAnswer = 'primary' | 'read_only' | 'none';

export interface PrimaryOptions {
  /** One URL per host. */
  urls: readonly string[];
  /** Asks a host, within a bounded time. Never rejects. */
  ask: (url: string) => Promise<HostAnswer>;
  /** Connections lead to a node that is no primary: open new ones. */
  onMoved: () => void;
  onLost: () => void;
  onBack: (lostMs: number) => void;
}

const WATCH_INTERVAL_MS = 1_000;
const SEARCH_INTERVAL_MS = 250;
/** How long the last primary has for its answer before the other hosts are asked as well. */
const HEDGE_MS = 300;

/**
 * Follows the writable primary among the hosts. It asks the primary every second, at once on doubt,
 * and four times a second while there is none. It reports once when the primary is lost and once when
 * there is one again, and nothing before the first answer.
 *
 * It cannot fence: if two hosts call themselves primary, it stays with the one it has.
 */
export class Primary {
  readonly #options: PrimaryOptions;
  #state: 'unseen' | 'up' | 'lost' = 'unseen';
  #url: string;
  #lostAt = 0;
  /** Whether the last primary answered that it takes no writes. */
  #wasReadOnly = false;
  #checking: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PrimaryOptions) {
    this.#options = options;
    this.#url = options.urls[0] as string;
  }

  /** The URL of the last known primary. */
  get url(): string {
    return this.#url;
  }

  /** Whether there was a primary when they were asked last. */
  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Looks for the primary, now. Resolves to whether there is one. */
  check(): Promise<boolean> {
    if (this.#isClosed) return Promise.resolve(false);
    clearTimeout(this.#timer);
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
      if (this.#isClosed) return;
      const ms = this.#state === 'up' ? WATCH_INTERVAL_MS : SEARCH_INTERVAL_MS;
      this.#timer = setTimeout(() => void this.check(), ms).unref();
    });
    return this.#checking;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #check(): Promise<boolean> {
    const startedAt = Date.now();
    const url = await this.#search().catch(() => undefined);
    if (this.#isClosed) return false;
    if (url === undefined) {
      if (this.#state === 'up') {
        this.#state = 'lost';
        this.#lostAt = startedAt;
        this.#options.onLost();
      }
      return false;
    }
    const hasMoved = url !== this.#url || this.#wasReadOnly;
    this.#url = url;
    this.#wasReadOnly = false;
    if (hasMoved) this.#options.onMoved();
    if (this.#state === 'lost') this.#options.onBack(Date.now() - this.#lostAt);
    this.#state = 'up';
    return true;
  }

  /** @throws when no host is a primary. */
  async #search(): Promise<string> {
    const own = this.#askForPrimary(this.#url);
    const others = this.#options.urls.filter((url) => url !== this.#url);
    if (others.length === 0) return own;
    let isFound = false;
    own.then(
      () => (isFound = true),
      () => {},
    );
    await Promise.race([own.catch(() => {}), sleep(HEDGE_MS)]);
    return isFound ? own : Promise.any([own, ...others.map((url) => this.#askForPrimary(url))]);
  }

  async #askForPrimary(url: string): Promise<string> {
    const answer = await this.#options.ask(url);
    if (answer === 'primary') return url;
    if (url === this.#url && answer === 'read_only') this.#wasReadOnly = true;
    throw new Error(`${answer}`);
  }
}
