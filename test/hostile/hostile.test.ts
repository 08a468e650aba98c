import t from 'tap';
import { requestWarnings, startApp } from '../support/app.js';
import { patience } from '../support/patience.js';
import { attack } from './attack.js';
import { describeFailure } from './report.js';

/** The short form of `npm run test:hostile`. */

const REQUESTS = 4_000;
const SEED = 20_261_125;

t.test(
  `${REQUESTS} hostile requests get the answers of the contract, and change only what they say`,
  async (t) => {
    const app = await startApp(t, { settings: { ...patience, LOG_LEVEL: 'info' } });
    const { requests, counts, failure } = await attack(app, {
      requests: REQUESTS,
      seed: SEED,
      connectionsMax: 8,
      requestsPerConnectionMax: 12,
    });
    if (failure) t.fail(describeFailure(failure, app.url));
    t.comment(JSON.stringify(counts));
    t.ok(requests >= REQUESTS || failure);
    const statuses = Object.keys(counts).map((name) => name.slice(0, 3));
    for (const status of ['200', '201', '400', '404', '405', '409', '415', '431', '501']) {
      t.ok(statuses.includes(status), `${status} occurs`);
    }
    t.strictSame(requestWarnings(app), [], 'nothing is a warning to an operator');
  },
);
