import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Sql } from 'postgres';
import { openRawConnection } from '../support/raw-connection.js';
import { faultsOf, type Played } from './judge.js';
import { readTruth, startAgain } from './truth.js';
import { anyConversation, type Conversation } from './wire.js';

/** Sends hostile requests to a service, and checks each answer and the database. */

export interface Target {
  url: string;
  sql: Sql;
}

/** How many answers had each status, and each error code. */
export type Counts = Record<string, number>;

export interface AttackOptions {
  requests: number;
  seed: number;
  connectionsMax: number;
  requestsPerConnectionMax: number;
  /** Looks for the smallest conversations that fail. Default: true. */
  shrinks?: boolean;
  /** Ends the attack early. */
  signal?: AbortSignal;
  onProgress?: (counts: Counts, requests: number) => void;
}

export interface AttackResult {
  requests: number;
  counts: Counts;
  /** The conversations that show the first fault, as small as possible, and what is wrong with them. */
  failure: { seed: number; conversations: Conversation[]; message: string } | undefined;
}

const RUNS_PER_SEED = 50;
/** For mutated bytes that announce a body of more than the rest of what we send. */
const MUTATED_WAIT_MS = 1_000;
/** Completes most heads and bodies, and then is an error: lines between requests are skipped, `}` is none. */
const END_OF_MUTATED = `${'\r\n'.repeat(500)}}`;

export async function attack(target: Target, options: AttackOptions): Promise<AttackResult> {
  const counts: Counts = {};
  let requests = 0;
  const isOver = () => requests >= options.requests || options.signal?.aborted;
  const conversations = fc.array(anyConversation(options.requestsPerConnectionMax), {
    minLength: 1,
    maxLength: options.connectionsMax,
    size: 'max',
  });
  const property = fc.asyncProperty(conversations, async (conversations) => {
    if (!isOver()) requests += await play(target, conversations, counts);
  });
  for (let seed = options.seed; !isOver(); seed++) {
    const result = await fc.check(property, {
      seed,
      numRuns: RUNS_PER_SEED,
      endOnFailure: options.shrinks === false,
    });
    if (result.failed && !options.signal?.aborted) {
      const [conversations] = result.counterexample ?? [[]];
      const message = String(result.errorInstance ?? 'unknown');
      return { requests, counts, failure: { seed, conversations, message } };
    }
    options.onProgress?.(counts, requests);
  }
  return { requests, counts, failure: undefined };
}

/** Returns how many requests were answered. @throws Error that says what is wrong. */
async function play({ url, sql }: Target, conversations: Conversation[], counts: Counts): Promise<number> {
  const names = new Set(
    conversations.flatMap(({ items }) =>
      items.flatMap(({ request, expected }) => {
        if (expected) return [];
        const { input = {}, claims = [] } = request?.call ?? {};
        const coupons = [input['name'], input['coupon_name'], ...claims.map((claim) => claim['coupon_name'])];
        return coupons.filter((text) => text !== undefined);
      }),
    ),
  );
  // A run does not depend on the ones before it: it can be repeated and made smaller.
  await startAgain(sql);
  const before = await readTruth(sql, [...names]);
  const played = await Promise.all(conversations.map((conversation) => converse(url, conversation)));
  const after = await readTruth(sql, [...names]);
  const faults = played.flatMap((each, i) =>
    faultsOf(each, before, after).map((fault) => `connection ${i + 1}, ${fault}`),
  );
  const answers = played.flatMap((each) => each.answers);
  // Only a claim's 200 has no content. That of many claims has their outcomes.
  const created = answers.filter(({ status }) => status === 201).length;
  const single = answers.filter(
    ({ status, headers }) =>
      status === 200 && !headers.has('content-type') && !headers.has('idempotent-replayed'),
  ).length;
  const claimed = answers.reduce(
    (sum, { body }) =>
      sum + (body.startsWith('{"outcomes"') ? body.split('{"code":"claimed"').length - 1 : 0),
    single,
  );
  const deleted = answers.filter(({ status }) => status === 204).length;
  // A mutated request may be one that is carried out, and has no answer when we close.
  const isMutated = conversations.some(({ items }) => items.at(-1)?.isMutated);
  for (const [what, rows, answered] of [
    ['coupons', after.created, created],
    ['claims', after.claimed, claimed],
    ['deletions', after.deleted, deleted],
  ] as const) {
    if (isMutated ? rows < answered : rows !== answered) {
      faults.push(`the answers speak of ${answered} new ${what}, and the database has ${rows}`);
    }
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
  for (const { status, body } of answers) {
    const name = status >= 400 ? `${status} ${JSON.parse(body).code}` : String(status);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return answers.length;
}

async function converse(url: string, { items, pieces }: Conversation): Promise<Played> {
  const connection = openRawConnection(url);
  const interim = () => connection.answers.filter(({ status }) => status < 200).length;
  for (const piece of pieces) {
    connection.send(piece);
    if (pieces.length < 50) await new Promise((resolve) => setImmediate(resolve));
  }
  const last = items.at(-1);
  if (last?.isMutated) {
    connection.send(END_OF_MUTATED);
    await connection.answered(() => items.length - 1 + interim());
    await Promise.race([connection.closed(), sleep(MUTATED_WAIT_MS)]);
    connection.socket.end();
    await connection.closed();
  } else if (last?.closes) {
    await connection.closed();
  } else {
    await connection.answered(() => items.length + interim());
  }
  const isClosed = connection.socket.readableEnded || connection.socket.destroyed;
  connection.socket.destroy();
  return {
    items,
    pieces,
    answers: connection.answers.filter(({ status }) => status >= 200),
    rest: connection.rest(),
    isClosed,
  };
}
