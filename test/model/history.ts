import fc from 'fast-check';
import { advance, type History, type Model } from './commands.js';
import { createCoupon } from './operations/coupons.js';
import { describeWrongLog } from './report.js';
import { Session, type Target } from './session.js';
import { emptyState } from './state.js';
import { differencesIn } from './truth.js';

const LAST_COUPON = 'last';

/** A history whose answers, log or tables are not those of the model. */
export class HistoryFailure extends Error {
  /** What was done, in plain words. */
  readonly story: string[];

  constructor(cause: unknown, story: string[]) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.story = story;
  }
}

/** Plays a history, and then compares the model, the log and the tables. @throws HistoryFailure. */
export async function playHistory(target: Target, commands: History): Promise<void> {
  const model: Model = { states: [emptyState()], story: [] };
  const session = new Session(target);
  try {
    await fc.asyncModelRun(() => ({ model, real: session }), commands);
    await compareAll(target, model, session);
  } catch (error) {
    throw new HistoryFailure(error, model.story);
  }
}

async function compareAll(target: Target, model: Model, session: Session): Promise<void> {
  // When its event comes, all events before it have come.
  await advance(
    model,
    session,
    await session.take([{ server: 0, action: createCoupon(LAST_COUPON, { amount: 1 }) }]),
  );
  await session.consumer.readUntil(session.readLog(1), LAST_COUPON);
  const states = model.states.filter((state) => session.consumer.hasAll(state));
  if (states.length === 0) throw new Error(describeWrongLog(model.states, session.consumer));
  const differences = await differencesIn(target.sql, session, states);
  if (differences.length > 0) throw new Error(differences.join('\n'));
}
