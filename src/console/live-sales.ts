import { Api, needsKey } from './api.js';
import { CouponReader } from './coupon-reader.js';
import { type FollowTimes, LogFollower } from './follow-log.js';
import { Sales } from './sales.js';
import { ServerClock } from './server-clock.js';

/** `closed`: the server wants another key. */
export type Connection = 'live' | 'lost' | 'closed';

export interface LiveView {
  /** Something is to be drawn anew. */
  onChange(): void;
  /** @param error why the connection is not live. */
  onConnection(connection: Connection, error?: unknown): void;
}

/** The sales as they are on the server, now and from now on. */
export class LiveSales {
  readonly clock = new ServerClock();
  readonly sales = new Sales();
  readonly api: Api;
  readonly reader: CouponReader;
  readonly follower: LogFollower;
  /** Since when the page knows what happened: seconds since 1970. */
  knownSince = 0;
  /** Whether the list has been read once. */
  isLoaded = false;

  /** @param root the address that the paths of the contract begin at. */
  constructor(root: string, view: LiveView, times?: FollowTimes) {
    const { clock, sales } = this;
    this.api = new Api(root, clock);
    // A replica that has not got our key yet refuses a read, while the stream lives.
    let isRefused = false;
    this.reader = new CouponReader(this.api, sales, clock, (error) => {
      if (error === undefined) {
        this.isLoaded = true;
        if (isRefused) view.onConnection('live');
        isRefused = false;
      } else if (needsKey(error)) {
        isRefused = true;
        view.onConnection('closed', error);
      }
      view.onChange();
    });
    this.follower = new LogFollower(
      this.api,
      {
        onConnected: (isNew) => {
          isRefused = false;
          view.onConnection('live');
          if (isNew) {
            this.knownSince = Math.floor(clock.now() / 1000);
            sales.forgetNews();
          }
          // Behind the cursor of the stream, so that what changes meanwhile is read again.
          this.reader.readAll();
        },
        onEvents: (events) => {
          sales.apply(events);
          this.reader.readStale();
          view.onChange();
        },
        onLost: (error) => {
          isRefused = false;
          if (needsKey(error)) return view.onConnection('closed', error);
          view.onConnection('lost', error);
          // The server may answer, and only have no room for another stream.
          this.reader.readAll();
        },
      },
      times,
    );
  }

  /** Follows until `stop`. */
  run(): Promise<void> {
    return this.follower.run();
  }

  stop(): void {
    this.follower.stop();
    this.reader.stop();
  }

  /** To be called several times a second: starts and ends come without an event. */
  tick(): void {
    this.sales.expire(this.clock.now());
    this.reader.readStale();
  }

  /** Reads a coupon before the others, also one that the page does not know. */
  select(name: string | undefined): void {
    this.reader.selected = name;
    if (name === undefined) return;
    this.sales.stale.add(name);
    this.reader.readStale();
  }
}
