import { join } from 'node:path';
import { projectRoot } from '../../db/project-root.js';
import { readContract } from '../../src/contract.js';
import { findBreaks, findOasdiff } from './oasdiff.js';
import { lostValues, mayBreak, readLastReleased } from './released.js';

/**
 * The command: fails if openapi.yaml breaks clients of the last released contract, and its version does not
 * say so. Without oasdiff and Go it says that it compared nothing.
 *
 *     --require   fails, too, without oasdiff and Go
 */
const released = readLastReleased();
const current = readContract() as ReturnType<typeof readContract> & { info: { version: string } };
const name = `docs/contract/${released.version}.yaml`;

const oasdiff = await findOasdiff();
if (oasdiff === undefined) {
  console.error(`openapi.yaml was NOT compared with ${name}: neither oasdiff nor go is on this machine`);
  process.exitCode = process.argv.includes('--require') ? 1 : 0;
} else {
  report([
    ...(await findBreaks(oasdiff, released.path, join(projectRoot, 'openapi.yaml'))),
    ...lostValues(released.contract, current).map((value) => `no longer there: ${value}`),
  ]);
}

function report(breaks: string[]): void {
  const { version } = current.info;
  for (const line of breaks) console.log(line);
  if (breaks.length === 0) {
    console.log(`openapi.yaml breaks no client of ${name}`);
  } else if (mayBreak(released.version, version)) {
    console.log(`openapi.yaml breaks clients of ${name}, as its version ${version} says`);
  } else {
    console.error(
      `openapi.yaml breaks clients of ${name}, but its version is ${version}: see docs/contract.md`,
    );
    process.exitCode = 1;
  }
}
