import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { readContract } from '../../src/contract.js';
import { findBreaks } from './oasdiff.js';
import { lostValues, mayBreak, readLastReleased } from './released.js';

t.test('the contract has the version of the package', async (t) => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  t.match(readContract(), { info: { version } });
});

t.test('a new major may break clients, and below 1.0.0 a new minor', async (t) => {
  const may: [released: string, current: string][] = [
    ['1.4.2', '2.0.0'],
    ['1.4.2', '2.0.0-0'],
    ['0.1.0', '0.2.0'],
    ['0.1.0', '0.2.0-0'],
    ['0.9.0', '1.0.0'],
    ['0.9.0', '0.10.0'],
  ];
  const mayNot: typeof may = [
    ['1.4.2', '1.4.2'],
    ['1.4.2', '1.5.0'],
    ['0.1.0', '0.1.1'],
    ['0.2.0', '0.2.0-0'],
    ['0.2.0', '0.1.9'],
    ['1.0.0', '0.9.0'],
  ];
  for (const [released, current] of may) t.ok(mayBreak(released, current), `${released} to ${current}`);
  for (const [released, current] of mayNot) t.notOk(mayBreak(released, current), `${released} to ${current}`);
});

t.test('a value that clients wait for in vain is found, and a new one is growth', async (t) => {
  // biome-ignore lint/suspicious/noExplicitAny: the changes reach into any place of the document.
  type Document = any;
  const lostBy = (change: (contract: Document) => void) => {
    const changed = structuredClone(readContract());
    change(changed);
    return lostValues(readContract(), changed);
  };
  const codesOf = (contract: Document, name: string) =>
    contract.components.responses[name]['x-problem-codes'];
  const valuesOf = (contract: Document, name: string) =>
    contract.components.schemas[name]['x-extensible-enum'];
  t.strictSame(
    lostBy((contract) => valuesOf(contract, 'CouponState').splice(2, 1, 'gone')),
    ['CouponState sold_out'],
    'a state has another name',
  );
  t.strictSame(
    lostBy((contract) => codesOf(contract, 'ClaimConflict').splice(0, 1)),
    ['claimCoupon 409 already_claimed'],
    'a response lacks a code',
  );
  t.strictSame(
    lostBy((contract) => {
      codesOf(contract, 'ClaimRefused').shift();
      codesOf(contract, 'ClaimConflict').push('out_of_stock');
    }),
    ['claimCoupon 400 out_of_stock'],
    'a code has another status',
  );
  t.strictSame(
    lostBy((contract) => {
      valuesOf(contract, 'ErrorCode').push('out_of_luck');
      codesOf(contract, 'ClaimConflict').push('out_of_luck');
    }),
    [],
    'growth',
  );
});

t.test('an oasdiff that is killed has compared nothing', async (t) => {
  const killed = join(t.testdir({ oasdiff: '#!/bin/sh\nkill -9 $$\n' }), 'oasdiff');
  await chmod(killed, 0o755);
  await t.rejects(findBreaks(killed, 'a', 'b'), { message: /^oasdiff failed/ });
});

t.test('without oasdiff and Go, the comparison says that it did nothing, and --require fails', async (t) => {
  const diff = fileURLToPath(new URL('diff.js', import.meta.url));
  const run = (...options: string[]) =>
    new Promise((resolve) => {
      const env = { PATH: t.testdir() };
      execFile(process.execPath, [diff, ...options], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  const { version } = readLastReleased();
  const stderr = `openapi.yaml was NOT compared with docs/contract/${version}.yaml: neither oasdiff nor go is on this machine\n`;
  t.strictSame(await run(), { code: 0, stdout: '', stderr });
  t.strictSame(await run('--require'), { code: 1, stdout: '', stderr });
});
