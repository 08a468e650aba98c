import { cpus } from 'node:os';
import { readConfig } from '../../src/config.js';
import { median } from '../median.js';
import { describeMachine, readCommit } from '../rig/environment.js';
import { type Server, startServer } from '../rig/servers.js';
import type { Bench } from '../scenarios/bench.js';
import type { Measured, Point } from './costs.js';
import { measureStatement } from './measure-costs.js';
import { type Load, measurePoint } from './measure-points.js';

/** What else the machine does then meets all points. */
const ROUNDS = 3;
const HOT: Load = { name: 'hot', coupons: 1, isSoldOut: false };
const SPREAD: Load = { name: 'spread', coupons: 1_000, isSoldOut: false };
/** Both sides sleep between two requests. */
const LONE: Load = { ...HOT, connections: 1 };
const SOLD_OUT: Load = { name: 'sold-out', coupons: 1, isSoldOut: true };

/**
 * Measures the costs of the parts, and the points that the simulation is held against. HTTP is what it costs
 * in servers without a database, so that no point is explained by itself.
 */
export async function measureAll(bench: Bench): Promise<Measured> {
  const database = bench.database!;
  const say = (what: string) => console.error(`measuring ${what}`);
  say('the statement without HTTP');
  const statement = await measureStatement(database, bench.options.durationSeconds, bench.signal);
  const second = await startServer('engine', database, database.folder, bench.signal);
  const measured: (Point & { loadUs: number })[][] = [];
  try {
    const [ceiling, refusal] = [await bench.server('ceiling'), await bench.server('refusal')];
    const first = await bench.server('engine');
    const plan: [Server[], Load][] = [
      [[ceiling], HOT],
      [[refusal], SOLD_OUT],
      [[ceiling], LONE],
      ...[HOT, SPREAD, SOLD_OUT].flatMap((load): [Server[], Load][] => [
        [[first], load],
        [[first, second], load],
      ]),
    ];
    for (let round = 1; round <= ROUNDS; round++) {
      say(`round ${round} of ${ROUNDS}: services and HTTP without a database`);
      for (const [i, [servers, load]] of plan.entries()) {
        measured[i] = [...(measured[i] ?? []), await measurePoint(bench, servers, load)];
      }
    }
  } finally {
    await second.stop();
  }
  const [ceiling, refusal, lone, ...points] = measured.map(medianOf);
  return {
    machine: describeMachine(),
    measuredAt: new Date().toISOString(),
    commit: await readCommit(),
    load: bench.options.load,
    processors: cpus().length,
    lanes: readConfig(process.env).CLAIM_LANES,
    costs: {
      loadUs: ceiling!.loadUs,
      loadSwitchUs: Math.max(0, lone!.loadUs - ceiling!.loadUs),
      claimHttpUs: ceiling!.serverCpuUs,
      refusalHttpUs: refusal!.serverCpuUs,
      serviceSwitchUs: Math.max(0, lone!.serverCpuUs - ceiling!.serverCpuUs),
      ...statement,
    },
    points: points.map(({ loadUs: _, ...point }) => point),
  };
}

/** The median of each figure. */
function medianOf<P extends object>(points: P[]): P {
  const middle = (name: string) => {
    const values = points.map((point) => (point as Record<string, unknown>)[name]);
    return typeof values[0] === 'number' ? median(values as number[]) : values[0];
  };
  return Object.fromEntries(Object.keys(points[0]!).map((name) => [name, middle(name)])) as P;
}
