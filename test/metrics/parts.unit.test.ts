import { rmdirSync } from 'node:fs';
import pino from 'pino';
import t from 'tap';
import { readConfig } from '../../src/config.js';
import { DatabaseTimeout } from '../../src/database/errors.js';
import { measureBatches } from '../../src/metrics/measure-claims.js';
import { measureEmbedded } from '../../src/metrics/measure-embedded.js';
import { createMetrics } from '../../src/metrics/registry.js';
import { closeMetrics, serveMetrics } from '../../src/metrics/serve-metrics.js';
import { readMetrics } from '../support/metrics.js';

const scrape = async (metrics: ReturnType<typeof createMetrics>) => readMetrics(await metrics.metrics());

t.test(
  'the losses of the embedded PostgreSQL are counted, and the free space of its disk is measured',
  async (t) => {
    const metrics = createMetrics();
    const folder = t.testdir();
    const onLost = measureEmbedded(metrics, folder);
    onLost();
    const free = 'coupon_embedded_postgresql_disk_free_bytes';
    const first = await scrape(metrics);
    t.equal(first.get('coupon_embedded_postgresql_losses_total'), 1);
    t.ok((first.get(free) ?? 0) > 0);
    rmdirSync(folder);
    t.notOk((await scrape(metrics)).has(free), 'a folder that is gone has no free space');
  },
);

t.test(
  'a batch of unknown outcome counts as claims that run again, and as a query that failed',
  async (t) => {
    const metrics = createMetrics();
    const measure = measureBatches(metrics);
    const batch = { size: 3, waitMs: 1, durationMs: 2, outcomes: [] };
    measure({ ...batch, failure: new DatabaseTimeout('late') }, {});
    measure({ ...batch, failure: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }, {});
    const found = await scrape(metrics);
    t.equal(found.get('coupon_claim_reruns_total{reason="outcome_unknown"}'), 3);
    for (const type of ['DatabaseTimeout', 'ECONNREFUSED']) {
      const labels = `db_system_name="postgresql",db_operation_name="claim",error_type="${type}"`;
      t.equal(found.get(`db_client_operation_duration_seconds_count{${labels}}`), 1, type);
    }
  },
);

t.test('a scrape that fails is answered 500, and the log says why', async (t) => {
  const log: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => log.push(line) });
  const source = { metrics: () => Promise.reject(new Error('a worker is gone')) };
  const server = await serveMetrics(readConfig({ HOST: '127.0.0.1', METRICS_PORT: '0' }), logger, source);
  t.teardown(() => closeMetrics(server));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  t.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 500);
  t.match(log.join(''), /a worker is gone/);
});
