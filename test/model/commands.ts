import fc, { type Arbitrary, type AsyncCommand } from 'fast-check';
import { type Call, explain } from './explain.js';
import { anyCoupon } from './operation.js';
import { claimCoupon, claimOperations } from './operations/claims.js';
import { couponOperations, getCoupon } from './operations/coupons.js';
import { listOperations } from './operations/lists.js';
import { describeUnexplained, describeWrongLog } from './report.js';
import { type LogReading, type Session, type Step, stepWords } from './session.js';
import type { State } from './state.js';

/** The states that the service may be in, as far as its answers have told. */
export interface Model {
  states: State[];
  /** What has been done, in plain words. */
  story: string[];
}

type Command = AsyncCommand<Model, Session, true>;

/** A bold step is taken although it is useless. */
type BoldStep = Step & { isBold: boolean };

/** One step, or several at the same time. */
class Burst implements Command {
  readonly #steps: BoldStep[];

  constructor(steps: BoldStep[]) {
    this.#steps = steps;
  }

  async check(model: Model): Promise<boolean> {
    return this.#stepsFor(model).length > 0;
  }

  async run(model: Model, session: Session): Promise<void> {
    const steps = this.#stepsFor(model);
    const lines = steps.map(stepWords);
    model.story.push(
      lines.length === 1
        ? String(lines)
        : ['at the same time:', ...lines.map((line) => `  ${line}`)].join('\n'),
    );
    await advance(model, session, await session.take(steps));
  }

  #stepsFor({ states }: Model): Step[] {
    return this.#steps.filter(
      ({ action, isBold }) => isBold || states.some((state) => action.isUseful(state)),
    );
  }
}

const CROWD_SIZE = 30;

/** Many users claim a coupon at the same time. As many as there are units get one. */
class Crowd implements Command {
  readonly #coupon: string;

  constructor(coupon: string) {
    this.#coupon = coupon;
  }

  async check({ states }: Model): Promise<boolean> {
    return states.some(({ coupons }) => coupons[this.#coupon]);
  }

  async run(model: Model, session: Session): Promise<void> {
    const coupon = this.#coupon;
    model.story.push(`${CROWD_SIZE} users claim ${coupon} at the same time, on both servers`);
    const claims = await session.take(
      Array.from({ length: CROWD_SIZE }, (_, i) => ({
        server: i % 2,
        action: claimCoupon(coupon, `user-${i}`, undefined),
      })),
    );
    const readings = await session.take([{ server: 0, action: getCoupon(coupon) }]);
    // The claims have too many orders to search. The list of the holders tells which one it was.
    const { claimed_by: holders = [] } = (readings[0]?.seen.body ?? {}) as { claimed_by?: string[] };
    const ordered = claims
      .map((call, i) => ({ call, place: call.seen.status === 200 ? holders.indexOf(`user-${i}`) : Infinity }))
      .sort((a, b) => a.place - b.place)
      .map(({ call }) => call);
    const calls = [...ordered, ...readings].map((call, i) => ({ ...call, start: i, end: i }));
    await advance(model, session, calls);
  }
}

const anyLogReading: Arbitrary<LogReading> = fc.constantFrom(1, 3, 1000).map((limit) => ({
  operationId: 'listEvents',
  words: `read the log, ${limit} at most`,
  isUseful: () => true,
  limit,
}));

/** With how often each occurs. */
export const anyAction = fc.oneof(...couponOperations, ...claimOperations, ...listOperations, {
  weight: 2,
  arbitrary: anyLogReading,
});

const anyStep = fc.record({
  server: fc.nat({ max: 1 }),
  action: anyAction,
  isBold: fc.integer({ min: 0, max: 6 }).map((n) => n === 6),
});

const anyBurst = fc.oneof(
  { weight: 3, arbitrary: anyStep.map((step) => [step]) },
  { weight: 2, arbitrary: fc.array(anyStep, { minLength: 1, maxLength: 6, size: 'max' }) },
);

const anyCommand = fc.oneof(
  { weight: 80, arbitrary: anyBurst.map((steps) => new Burst(steps)) },
  { weight: 1, arbitrary: anyCoupon.map((coupon) => new Crowd(coupon)) },
);

/** Those before the first coupon are left out. */
const COMMANDS_MAX = 16;

export type History = Iterable<Command>;

export const anyHistory = () =>
  fc.commands<Model, Session, true>([anyCommand], {
    maxCommands: COMMANDS_MAX,
    size: 'max',
    disableReplayLog: true,
  });

/** Any of these may be what happened. More than that, and the log has to tell. */
const STATES_MAX = 50;

/** Follows calls with the model. @throws Error that says what the model does not explain. */
export async function advance(model: Model, session: Session, calls: Call[]): Promise<void> {
  const before = model.states;
  model.states = explain(before, calls);
  if (model.states.length === 0) throw new Error(describeUnexplained(before, calls));
  if (model.states.length > STATES_MAX) await session.consumer.read(session.readLog(0), 1000);
  const agreeing = model.states.filter((state) => session.consumer.agrees(state));
  if (agreeing.length === 0) throw new Error(describeWrongLog(model.states, session.consumer));
  model.states = agreeing;
}
