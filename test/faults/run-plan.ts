import { setTimeout as sleep } from 'node:timers/promises';
import { inScope } from '../support/scope.js';
import { check, type NamedViolation } from './checker/check.js';
import type { History } from './history.js';
import { BOUNDS, Load } from './load.js';
import { type FaultKind, faultKinds, type Plan, type Track } from './plan.js';
import { faults } from './rig/faults/faults.js';
import type { Template } from './rig/postgres-node.js';
import { type Prepare, type Rig, startRig } from './rig/rig.js';
import type { Program } from './rig/services.js';

export interface Run {
  history: History;
  violations: NamedViolation[];
  /** What this machine does not have, in words. */
  missing: string[];
  /** The faults that were carried out. */
  faults: FaultKind[];
}

const STEP_TIMEOUT_MS = 120_000;
/** The load goes on for so long before the first fault and after the last one. */
const CALM_MS = 300;

/** Carries a plan out, and checks what happened. */
export function runPlan(
  plan: Plan,
  options: { template: Template; program?: Program; prepare?: Prepare },
): Promise<Run> {
  return inScope(async (scope) => {
    const rig = await startRig(scope, plan, options);
    const load = new Load(scope, plan, rig);
    await within('preparation', load.prepare());
    const working = load.work();
    await sleep(CALM_MS);
    await within('faults', breakThings(plan, rig)).catch(async (error) => {
      throw new Error(`${error.message}\n${await rig.cluster.lastWords()}`, { cause: error });
    });
    const recoveredAt = await load.recover();
    await sleep(CALM_MS);
    await within('end of the load', load.end(working));
    await within('end of the services', Promise.all(rig.services.map((service) => service.stop('SIGTERM'))));
    const history: History = {
      ...load.history,
      ...(await rig.cluster.rows()),
      differences: await rig.cluster.differences(),
      recoveredAt,
      bounds: BOUNDS,
    };
    history.samples.push({ at: load.recorder.now(), accounts: await rig.cluster.accounts() });
    const kinds = plan.faults.map(({ kind }) => kind);
    return { history, violations: check(history), missing: rig.missing, faults: kinds };
  });
}

/** Bounds a step of a run: a run that hangs says where. @throws Error. */
async function within<T>(what: string, step: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what}: no end after ${STEP_TIMEOUT_MS} ms`)),
      STEP_TIMEOUT_MS,
    );
  });
  return Promise.race([step, timeout]).finally(() => clearTimeout(timer));
}

/** Faults of different tracks overlap; those of one track follow each other. */
async function breakThings(plan: Plan, rig: Rig): Promise<void> {
  const startedAt = performance.now();
  const tracks: Partial<Record<Track, Promise<void>>> = {};
  for (const { kind, atMs, lastsMs } of plan.faults) {
    const { track } = faultKinds[kind];
    const begin = sleep(Math.max(0, startedAt + atMs - performance.now()));
    tracks[track] = Promise.all([begin, tracks[track]]).then(() => faults[kind](rig, lastsMs));
  }
  await Promise.all(Object.values(tracks));
}
