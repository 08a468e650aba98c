import { appendFileSync, readFileSync } from 'node:fs';
import { operationsOf, readContract } from '../../src/contract.js';

/**
 * Which answers of the contract the tests have seen. An answer is an operation, a status and, for a
 * problem, its code: `claimCoupon 409 already_claimed`. Each process of the tests appends its own to one
 * file.
 */

interface Response {
  $ref?: string;
  'x-problem-codes'?: string[];
}

/** The path of the file. Absent: nobody wants to know. */
export const SEEN_ANSWERS_FILE = 'SEEN_ANSWERS_FILE';

const seen = new Set<string>();

export function sawAnswer(answer: string): void {
  const file = process.env[SEEN_ANSWERS_FILE];
  if (!file || seen.has(answer)) return;
  seen.add(answer);
  appendFileSync(file, `${answer}\n`);
}

/** Lists the answers of the contract that are not in the file. `default` stands for none of ours. */
export function unseenAnswers(file: string): string[] {
  const all = new Set(readFileSync(file, 'utf8').split('\n'));
  return answersOf().filter((answer) => !all.has(answer));
}

/** Lists all answers of the contract. */
export function answersOf(contract = readContract()): string[] {
  return operationsOf(contract).flatMap(({ operation }) =>
    Object.entries(operation.responses as Record<string, Response>).flatMap(([status, response]) => {
      const name = response.$ref?.split('/').at(-1) ?? '';
      const { 'x-problem-codes': codes = [] }: Response = contract.components?.responses?.[name] ?? response;
      const answer = `${operation.operationId} ${status}`;
      if (status === 'default') return [];
      return codes.length > 0 ? codes.map((code) => `${answer} ${code}`) : [answer];
    }),
  );
}
