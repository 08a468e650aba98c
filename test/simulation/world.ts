import { Clock } from './clock.js';
import type { Subject } from './engine.js';
import type { Flaw } from './flaws.js';
import { Invariants } from './invariants.js';
import type { Moment, Phase, Plan } from './plan.js';
import { Postgres } from './postgres.js';
import type { Session } from './session.js';

/** Everything that a history is made of. */
export class World {
  readonly plan: Plan;
  readonly flaw: Flaw | undefined;
  readonly clock = new Clock();
  readonly invariants: Invariants;
  readonly postgres: Postgres;
  readonly sessions: Session[] = [];
  /** Writes down what happens, in words. Absent while nobody reads them. */
  readonly note: ((text: string) => void) | undefined;
  isCalm = false;
  readonly #moments = new Map<number, (() => void)[]>();
  readonly #statements = new Map<number, number>();

  constructor(plan: Plan, { flaw, forbidden }: Subject, onNote?: (ms: number, text: string) => void) {
    this.plan = plan;
    this.flaw = flaw;
    this.note = onNote && ((text) => onNote(this.clock.now, text));
    this.invariants = new Invariants(this, forbidden);
    this.postgres = new Postgres(
      this.clock,
      plan.jitter,
      (coupon) => this.invariants.onCommit(coupon),
      (transaction) => this.invariants.onDeadlock(transaction),
    );
  }

  /** Nothing breaks from now on. */
  calmDown(): void {
    this.isCalm = true;
    this.#moments.clear();
    for (const session of this.sessions) session.calmDown();
    Object.assign(this.postgres, { slowUntil: 0, readOnlyUntil: 0, refusesUntil: 0 });
  }

  /** What stories call a lane. */
  laneName(server: number, lane: number): string {
    return this.plan.lanes === 1 ? `server ${server}` : `lane ${lane} of server ${server}`;
  }

  statementName(server: number, lane: number, statement: number): string {
    const { servers, lanes } = this.plan;
    const owner = servers * lanes === 1 ? '' : ` of ${this.laneName(server, lane)}`;
    return `statement ${statement}${owner}`;
  }

  /** The number of the next statement of a lane. */
  nextStatement(server: number, lane: number): number {
    const number = (this.#statements.get(server * 10 + lane) ?? 0) + 1;
    this.#statements.set(server * 10 + lane, number);
    return number;
  }

  /** Calls back at a time, or when a statement is as far as the moment says. */
  when(at: number | Moment, run: () => void): void {
    if (typeof at === 'number') {
      this.clock.at(at, run);
      return;
    }
    const id = momentId(at.server, at.lane, at.statement, at.phase);
    const runs = this.#moments.get(id);
    if (runs) runs.push(run);
    else this.#moments.set(id, [run]);
  }

  /** A statement is so far. What is planned for this moment happens in the next step. */
  reached(server: number, lane: number, statement: number, phase: Phase): void {
    this.note?.(`${this.statementName(server, lane, statement)} ${PHASE_WORDS[phase]}`);
    if (this.#moments.size === 0) return;
    const runs = this.#moments.get(momentId(server, lane, statement, phase)) ?? [];
    for (const run of runs) this.clock.after(0, run);
  }
}

const PHASE_NUMBERS: Record<Phase, number> = {
  sent: 0,
  begun: 1,
  locked: 2,
  written: 3,
  committed: 4,
  answered: 5,
};

const PHASE_WORDS: Record<Phase, string> = {
  sent: 'is sent',
  begun: 'begins, and has its snapshot',
  locked: 'has its locks',
  written: 'has written what it changes',
  committed: 'is committed',
  answered: 'is answered',
};

function momentId(server: number, lane: number, statement: number, phase: Phase): number {
  return ((statement * 10 + server) * 10 + lane) * 10 + PHASE_NUMBERS[phase];
}
