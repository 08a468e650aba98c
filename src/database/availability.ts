/** Whether the database answers, watched while nobody asks it, too. */
export interface AvailabilityOptions {
  /** Asks the database. Resolves to false if it does not answer. */
  probe: () => Promise<boolean>;
  onLost: () => void;
  onBack: (lostMs: number) => void;
  now: () => number;
}

const PROBE_INTERVAL_MS = 1_000;

/**
 * Reports once when the database is lost and once when it is back. It probes the database on doubt,
 * and every second while the database does not answer. It reports nothing before the first answer.
 */
export class Availability {
  readonly #options: AvailabilityOptions;
  #state: 'unseen' | 'up' | 'lost' = 'unseen';
  #lostAt = 0;
  #isProbing = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
    this.doubt();
  }

  /** Something failed: looks whether the database is gone. */
  doubt(): void {
    if (!this.#isProbing && !this.#timer && !this.#isClosed) void this.#probe();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #probe(): Promise<void> {
    this.#isProbing = true;
    const startedAt = this.#options.now();
    const answers = await this.#options.probe();
    this.#isProbing = false;
    if (this.#isClosed) return;
    if (answers) {
      if (this.#state === 'lost') this.#options.onBack(this.#options.now() - this.#lostAt);
      this.#state = 'up';
      return;
    }
    if (this.#state === 'up') {
      this.#state = 'lost';
      this.#lostAt = startedAt;
      this.#options.onLost();
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#probe();
    }, PROBE_INTERVAL_MS).unref();
  }
}
