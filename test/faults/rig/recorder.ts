import { deviations } from '../../support/contract.js';
import type {
  Answer,
  ClaimOperation,
  CreateOperation,
  LookUpOperation,
  Operation,
  ReadOperation,
} from '../history.js';
import { Lost, type Reply } from './exchange.js';
import { answerOf, type Outcome } from './many-claims.js';

type Begun<T extends Operation> = Omit<T, 'id' | 'startedAt' | 'endedAt' | 'answer' | 'lost'>;
/** An operation that is sent now. */
export type NewOperation =
  | Begun<ClaimOperation>
  | Begun<LookUpOperation>
  | Begun<CreateOperation>
  | Begun<ReadOperation>;

/** Writes down what is sent and what comes back. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly #startedAt = performance.now();

  now(): number {
    return performance.now() - this.#startedAt;
  }

  begin<T extends NewOperation>(operation: T): T & { id: number; startedAt: number } & Operation {
    const begun = { id: this.operations.length, startedAt: this.now(), ...operation };
    this.operations.push(begun as unknown as Operation);
    return begun as never;
  }

  /** Notes the answer. */
  end(operation: Operation, method: string, path: string, { status, headers, text }: Reply): Answer {
    const retryAfter = headers.get('retry-after');
    const isProblem = headers.get('content-type')?.startsWith('application/problem+json');
    const found = deviations({ method, path, status, headers, body: text });
    operation.endedAt = this.now();
    operation.answer = {
      status,
      ...(isProblem && { code: JSON.parse(text).code }),
      ...(retryAfter !== null && { retryAfterSeconds: Number(retryAfter) }),
      ...(headers.has('idempotent-replayed') && { isReplayed: true }),
      ...(found.length > 0 && { deviations: found }),
    };
    return operation.answer;
  }

  /** Notes the answer to many claims in one request: for each what a single claim would be answered. */
  endMany(operations: readonly ClaimOperation[], path: string, reply: Reply): (Answer & { key?: string })[] {
    if (reply.status !== 200) return operations.map((operation) => this.end(operation, 'POST', path, reply));
    const { status, headers, text } = reply;
    const found = deviations({ method: 'POST', path, status, headers, body: text });
    const { outcomes } = JSON.parse(text) as { outcomes: Outcome[] };
    if (outcomes.length !== operations.length) {
      found.push(`${outcomes.length} outcomes for ${operations.length} claims`);
    }
    return operations.map((operation, i) => {
      const key = outcomes[i]?.idempotency_key;
      if (operation.key !== undefined && key !== undefined && key !== operation.key) {
        found.push(`${operation.key} is to be sent again as ${key}`);
      }
      // What the server made is the key of this claim.
      if (key !== undefined) operation.key ??= key;
      operation.endedAt = this.now();
      operation.answer = { ...answerOf(outcomes[i]), ...(found.length > 0 && { deviations: found }) };
      return { ...operation.answer, ...(key !== undefined && { key }) };
    });
  }

  /** Notes that the answer is lost. @throws the error if it is another one. */
  lose(operation: Operation, error: unknown): void {
    if (!(error instanceof Lost)) throw error;
    operation.endedAt = this.now();
    operation.lost = error.code;
  }
}
