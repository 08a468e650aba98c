import { claimCoupons } from '../../src/claims/claim-statement.js';
import { Lane } from '../../src/claims/lane.js';
import { Lanes } from '../../src/claims/lanes.js';
import { OrderedConnection } from '../../src/claims/ordered-connection.js';
import type { Flaw } from './flaws.js';
import type { Exception } from './invariants.js';
import { watchSubmissions } from './server.js';

/** The code under test. */
export interface Engine {
  Lane: typeof Lane;
  Lanes: typeof Lanes;
  OrderedConnection: typeof OrderedConnection;
  claimCoupons: typeof claimCoupons;
}

/** What is simulated, and how. */
export interface Subject {
  engine: Engine;
  /** A planted bug of the model. */
  flaw?: Flaw;
  /** A known exception that counts as a violation, so that its histories can be read. */
  forbidden?: Exception;
}

export const realEngine: Engine = { Lane, Lanes, OrderedConnection, claimCoupons };
watchSubmissions(Lane);
