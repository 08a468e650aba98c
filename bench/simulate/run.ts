import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { projectRoot } from '../../db/project-root.js';
import { hasWrk } from '../load/wrk.js';
import { atLeast, type Options } from '../options.js';
import { table } from '../report/tables.js';
import { abortOnSignal } from '../rig/stop.js';
import { startBench } from '../scenarios/bench.js';
import { type Measured, readMeasured } from './costs.js';
import { extrapolate, INFRASTRUCTURE } from './extrapolate.js';
import { measureAll } from './measure.js';
import { validate } from './validate.js';

/**
 * The command: measures what the parts of a claim cost on this machine, simulates the service with these
 * costs, holds the simulation against measured points, and extrapolates to a million claims a second.
 */

const command = new Command('npm run bench:simulate --')
  .description('Simulates the service with measured costs, compares it with measurements, and extrapolates.')
  .option('--from <file>', 'costs and points that were measured before, such as bench/simulate/measured.json')
  .option('--seconds <seconds>', 'how long to measure each point', atLeast(1), 2)
  .addOption(new Option('--load <program>').choices(['autocannon', 'wrk']).default('wrk'))
  .option('--no-extrapolation', 'only compare with the measured points')
  .parse();
const { from, seconds, load, extrapolation } = command.opts();
if (!from && load === 'wrk' && !(await hasWrk())) {
  command.error('wrk is not on the PATH: use --load autocannon');
}

const measured: Measured = from ? await readMeasured(from) : await measure();
const { costs } = measured;
console.log(
  `Measured ${measured.measuredAt.slice(0, 10)}, commit ${measured.commit}, load by ${measured.load}.`,
);
console.log(`${measured.machine}.\n`);
console.log(
  table(
    ['Cost', ''],
    Object.entries(costs).map(([name, value]) => [name, value.toFixed(1)]),
    1,
  ),
);
console.log(`\n${await validate(measured)}`);
if (extrapolation) {
  console.log('\nAssumed, not measured:\n');
  console.log(
    table(
      ['Assumption', ''],
      Object.entries(INFRASTRUCTURE).map(([name, value]) => [name, value.toLocaleString('en')]),
      1,
    ),
  );
  console.log(`\n${await extrapolate(costs)}`);
}
process.exit();

async function measure(): Promise<Measured> {
  const signal = abortOnSignal();
  const options = { durationSeconds: seconds, warmupSeconds: 1, load } as Options;
  const bench = await startBench(options, signal);
  try {
    const measured = await measureAll(bench);
    const folder = join(projectRoot, 'bench', 'results');
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${measured.measuredAt.slice(0, 19).replaceAll(':', '-')}-costs.json`);
    await writeFile(file, `${JSON.stringify(measured, null, 2)}\n`);
    console.error(`costs and points: ${relative(process.cwd(), file)}`);
    return measured;
  } finally {
    await bench.stop();
  }
}
