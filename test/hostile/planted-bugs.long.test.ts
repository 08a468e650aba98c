import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { type Contract, readContract } from '../../src/contract.js';
import { createCoupon } from '../../src/coupons/create-coupon.js';
import { problemOf, sendProblem } from '../../src/http/problems.js';
import { startApp } from '../support/app.js';
import { patience } from '../support/patience.js';
import { attack } from './attack.js';

/** The hostile requests are tested themselves: a service with a bug is found out. */

const REQUESTS_MAX = 5_000;

interface Bug {
  plant?(app: FastifyInstance): void;
  contract?(contract: Contract): void;
  found: RegExp;
}
type Named = { name?: string; coupon_name?: string; user_id?: string };

interface Outcome {
  code: string;
}

/** Changes the answers to requests with many claims. */
const changeOutcomes = (change: (outcomes: Outcome[]) => Outcome[]) => (app: FastifyInstance) =>
  app.addHook('preSerialization', async (_request, _reply, payload) =>
    payload && typeof payload === 'object' && 'outcomes' in payload
      ? { outcomes: change(payload.outcomes as Outcome[]) }
      : payload,
  );

const bugs: Record<string, Bug> = {
  'a valid name is refused': {
    plant: (app) =>
      app.addHook('preHandler', (request, reply, done) => {
        if (/[^ -~]/.test((request.body as Named)?.name ?? '')) sendProblem(reply, 'invalid_request');
        else done();
      }),
    found: /createCoupon invalid_request contradicts the database/,
  },
  'U+0000 reaches the database, and is a 500': {
    contract: (contract) => {
      const { schemas } = contract.components as { schemas: Record<string, { pattern?: string }> };
      for (const schema of Object.values(schemas)) {
        if (schema.pattern) schema.pattern = schema.pattern.replaceAll('[^\\x00]*', '[^]*');
      }
    },
    // A request that breaks another rule, too, is refused for that one.
    found: /\(500\): .*internal_error|\(400\): .* instead of \[/,
  },
  'a status is not in the contract': {
    plant: (app) =>
      app.addHook('onSend', async (_request, reply) => {
        if (reply.problemCode === 'coupon_exists') reply.code(422);
      }),
    found: /status 422 is not declared/,
  },
  'an invalid request writes a row': {
    plant: (app) =>
      app.addHook('onError', async () => {
        await createCoupon(app.shards.of('PLANTED'), {
          name: 'PLANTED',
          amount: 1,
          starts_at: null,
          ends_at: null,
        });
      }),
    found: /the answers speak of \d+ new coupons, and the database has \d+/,
  },
  'a claim is answered, and not made': {
    plant: (app) =>
      app.addHook('preHandler', (request, reply, done) => {
        if ((request.body as Named)?.user_id === 'a') reply.send();
        else done();
      }),
    // Whichever rule the first such claim breaks.
    found:
      /claimCoupon 200 contradicts the database|the answers speak of \d+ new claims, and the database has \d+/,
  },
  'an outcome of many is missing': {
    plant: changeOutcomes((outcomes) => outcomes.slice(0, -1)),
    found: /claimCoupons 200 contradicts the database/,
  },
  'a claim of many is refused with the wrong code': {
    plant: changeOutcomes((outcomes) =>
      outcomes.map((outcome) =>
        outcome.code === 'already_claimed' ? { ...outcome, code: 'coupon_not_found' } : outcome,
      ),
    ),
    found: /claimCoupons 200 contradicts the database/,
  },
  'an error of the connection overtakes an answer': {
    plant: ({ server }) =>
      server.removeAllListeners('clientError').on('clientError', (_error, socket) => {
        const body = JSON.stringify(problemOf('malformed_http'));
        socket.end(
          `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nX-Request-Id: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      }),
    found: /answers to \d+ requests|it has the id 1/,
  },
};

const beside = await startApp(t, { settings: patience });
for (const [title, { plant, contract: change, found }] of Object.entries(bugs)) {
  t.test(`found: ${title}`, async (t) => {
    const contract = readContract();
    change?.(contract);
    const app = await startApp(t, {
      beside,
      contract,
      settings: patience,
      ...(plant && { inspect: plant }),
    });
    const { failure } = await attack(app, {
      requests: REQUESTS_MAX,
      seed: 1,
      connectionsMax: 8,
      requestsPerConnectionMax: 12,
      shrinks: false,
    });
    t.match(failure?.message, found);
  });
}
