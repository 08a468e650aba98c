import type { Plan, PlannedEvent } from './plan.js';

const RUNS_MAX = 5_000;

/**
 * Makes a plan as small as it can while it still fails: events are left out, and what remains is made
 * simpler, until no step of this kind fails any more.
 */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let smallest = plan;
  let runs = 0;
  const accept = async (candidate: Plan) => {
    if (runs++ >= RUNS_MAX || !(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };
  for (let before: Plan | undefined; before !== smallest; ) {
    before = smallest;
    for (let size = smallest.events.length; size > 0; size = Math.floor(size / 2)) {
      for (let i = 0; i < smallest.events.length; ) {
        const events = smallest.events.toSpliced(i, size);
        if (!(await accept({ ...smallest, events }))) i += size;
      }
    }
    for (const setting of simplerSettings(smallest)) await accept({ ...smallest, ...setting });
    for (let i = 0; i < smallest.events.length; i++) {
      for (const change of simplerEvents(smallest.events[i] as PlannedEvent)) {
        const event = { ...smallest.events[i], ...change } as PlannedEvent;
        await accept({ ...smallest, events: smallest.events.with(i, withoutUndefined(event)) });
      }
    }
  }
  return { ...smallest, events: smallest.events.toSorted((a, b) => timeOf(a) - timeOf(b)) };
}

function simplerSettings({ servers, lanes, coupons }: Plan): Partial<Plan>[] {
  return [
    ...(servers > 1 ? [{ servers: servers - 1 }] : []),
    ...(lanes > 1 ? [{ lanes: 1 }] : []),
    ...coupons.map((_, i) => ({ coupons: coupons.toSpliced(i, 1) })),
    ...coupons.flatMap(({ name, amount }, i) =>
      amount > 1 ? [{ coupons: coupons.with(i, { name, amount: amount - 1 }) }] : [],
    ),
    { jitter: 0 },
  ];
}

/** Changes that make an event easier to read. Those that change nothing are left out. */
function simplerEvents(event: PlannedEvent): Record<string, unknown>[] {
  const changes: Record<string, unknown>[] = [];
  const set = (name: string, value: unknown) => {
    if (name in event && (event as unknown as Record<string, unknown>)[name] !== value) {
      changes.push({ [name]: value });
    }
  };
  for (const optional of ['key', 'leaveMs', 'forgetsKey', 'rollsBack', 'more']) set(optional, undefined);
  for (const zero of ['retries', 'retryMs', 'holdMs']) set(zero, 0);
  set('units', 1);
  if (event.kind === 'claim' && event.more) {
    const { more } = event;
    for (const i of more.keys()) if (more.length > 1) changes.push({ more: more.toSpliced(i, 1) });
  }
  if (typeof event.at === 'number') {
    for (const at of [0, Math.floor(event.at / 2), event.at - 10, event.at - 1]) {
      if (at >= 0 && at < event.at) changes.push({ at });
    }
  }
  return changes;
}

function withoutUndefined<T extends object>(event: T): T {
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)) as T;
}

function timeOf({ at }: PlannedEvent): number {
  return typeof at === 'number' ? at : Number.POSITIVE_INFINITY;
}
