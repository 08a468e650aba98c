import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import t from 'tap';
import { migrate } from '../../db/migrate.js';
import { projectRoot } from '../../db/project-root.js';
import { CLAIM_SETTINGS } from '../../src/claims/claim-statement.js';
import { readDifferences } from '../support/books.js';
import { users } from '../support/crowd.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { startService } from '../support/process.js';
import { claimAsVersion01 } from './version-0.1.js';

const FIRST = '0001_coupons_and_claims.sql';

t.test(
  'the database of version 0.1 migrates at a start, while a server of that version still claims',
  async (t) => {
    const { url, sql } = await createDatabase(t, { shape: UNDIVIDED, migrated: false, connectionsMax: 1 });
    const folder = t.testdir();
    await writeFile(join(folder, FIRST), await readFile(join(projectRoot, 'db', 'migrations', FIRST)));
    await migrate(sql, { folder });
    await sql`alter table schema_migrations drop column checksum`;
    await sql`insert into coupons (name, amount, remaining_amount) values ('SALE', 100000, 100000)`;

    const old = postgres(url, { max: 1, onnotice: () => {}, connection: CLAIM_SETTINGS });
    t.teardown(() => old.end({ timeout: 1 }));
    let claimed = 0;
    const claimTen = async () => {
      const claims = users(10).map((user) => ({
        couponName: 'SALE',
        userId: `${user}-of-batch-${claimed}`,
        key: `${user}-${claimed}`,
      }));
      const decisions = await claimAsVersion01(old, claims);
      if (decisions !== 'cccccccccc') throw new Error(`the old server got ${decisions}`);
      claimed += 10;
    };
    await claimTen();
    let isOver = false;
    const oldServer = (async () => {
      while (!isOver) await claimTen();
    })();

    const client = await startService(t, { DATABASE_URL: url }).listening();
    t.equal((await client.claim('SALE', 'new')).status, 200);
    const atStart = claimed;
    for (let i = 0; i < 20; i++) t.equal((await client.claim('SALE', `new-${i}`)).status, 200);
    t.ok(claimed > atStart, 'both claim at once');
    isOver = true;
    await oldServer;
    const coupon = await client.getCoupon('SALE');
    t.equal(coupon.claimed_by.filter((user) => user !== 'new' && !/^new-\d+$/.test(user)).length, claimed);

    // What the old server claimed since the migration read the tables is not in the log.
    const lost = await readDifferences(sql);
    t.ok(
      lost.length > 0 &&
        lost.every((line) => /^SALE: claim \d+ of user.* is in the tables, and not in the log$/.test(line)),
    );
    const audit = startService(
      t,
      { DATABASE_URL: url },
      { script: 'src/audit.js', operands: ['--log-missing'] },
    );
    t.equal(await audit.exited(), 1);
    t.equal(
      audit.output.at(-1),
      `appended to the log: ${lost.length.toLocaleString('en')} event${lost.length === 1 ? '' : 's'}`,
    );
    t.strictSame(await readDifferences(sql), [], 'the books balance');
  },
);
