import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../../db/project-root.js';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';
import { until } from '../support/until.js';

t.setTimeout(180_000);

const CLIENTS = 20;
/** Before the end of the delay, the clients of a pod have gone elsewhere. */
const LEAVE_MS = 1_000;

const { settings } = parse(readFileSync(join(projectRoot, 'deploy/helm/values.yaml'), 'utf8'));
const { SHUTDOWN_DELAY_MS: delayMs, SHUTDOWN_TIMEOUT_MS: timeoutMs } = settings;

for (const workers of [1, 2]) {
  t.test(`${workers} worker(s), stopped with the chart's settings: every claim is answered`, async (t) => {
    const { url: database, sql } = await createDatabase(t);
    const service = startService(t, {
      DATABASE_URL: database,
      SHUTDOWN_DELAY_MS: String(delayMs),
      SHUTDOWN_TIMEOUT_MS: String(timeoutMs),
      WEB_CONCURRENCY: String(workers),
      PORT: '0',
    });
    const { url } = await service.listening();
    await sql`insert into coupons values ('SUMMER', 1000000, 1000000)`;

    let isOver = false;
    let answers = 0;
    const failures: string[] = [];
    const headers = { 'Content-Type': 'application/json' };
    const runClient = async (client: number) => {
      for (let turn = 0; !isOver; turn++) {
        const body = JSON.stringify({ user_id: `${client}-${turn}`, coupon_name: 'SUMMER' });
        await fetch(`${url}/api/coupons/claim`, { method: 'POST', headers, body })
          .then(async (response) => {
            await response.arrayBuffer();
            answers++;
            if (response.status !== 200) failures.push(String(response.status));
          })
          .catch((error) => failures.push(String(error.cause?.code ?? error)));
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, client) => runClient(client));
    await until('answers', () => answers > 200);
    service.signal('SIGTERM');
    await sleep(delayMs - LEAVE_MS);
    const ready = await fetch(`${url}/health/ready`);
    isOver = true;
    await Promise.all(clients);

    t.strictSame(failures, []);
    t.equal(ready.status, 503, 'not ready, and still serving');
    t.equal(await service.exited(), 0);
    const [row] = await sql`select count(*)::int as claims from claims`;
    t.equal(row?.['claims'], answers, 'a row for every answer');
  });
}
