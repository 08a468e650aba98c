import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Sql } from 'postgres';
import type { Claims } from '../../../src/claims/claims.js';
import type { ClaimOutcome } from '../../../src/claims/outcome.js';
import { Overloaded } from '../../../src/overloaded.js';

/** A defect that the checker must notice. */
export interface Bug {
  /** Puts the defect into the claims. */
  claims?: (claims: Claims, sql: Sql) => Claims['claimCoupon'];
  /** Puts the defect into many claims of one request. */
  many?: (claims: Claims) => Claims['claimCoupons'];
  /** Puts the defect into the answers. */
  app?: (app: FastifyInstance) => void;
  /** Removes what would keep the defect from its effect. */
  prepare?: (sql: Sql) => Promise<unknown>;
}

const ACKNOWLEDGED_EARLY_MS = 50;
const CACHED_MS = 300;

export const bugs = {
  none: {},

  /** Once per coupon, a claim too many. */
  oversell: {
    claims(claims, sql) {
      const oversold = new Set<string>();
      return async (couponName, userId, ...rest) => {
        const outcome = await claims.claimCoupon(couponName, userId, ...rest);
        if (outcome !== 'out_of_stock' || oversold.has(couponName)) return outcome;
        oversold.add(couponName);
        await sql`insert into claims (coupon_name, user_id) values (${couponName}, ${userId})`;
        return 'claimed';
      };
    },
  },

  /** 200 before the commit. */
  acknowledgeEarly: {
    claims: (claims) => async (couponName, userId, key, caller) => {
      const outcome = sleep(ACKNOWLEDGED_EARLY_MS).then(() =>
        claims.claimCoupon(couponName, userId, key, { ...caller, destroyed: false }),
      );
      // The stock of the first coupon is large enough for everybody.
      if (couponName.startsWith('coupon 0')) {
        outcome.catch(() => {});
        return 'claimed';
      }
      return outcome;
    },
  },

  /** PostgreSQL itself says 200 before the commit is safe. */
  commitAsynchronously: {
    prepare: (sql) => sql`alter role current_user set synchronous_commit = off`,
  },

  /** A second claim of a user takes another unit. */
  claimTwice: {
    prepare: (sql) => sql`alter table claims drop constraint claims_pkey`,
    claims: (_, sql) => async (couponName, userId, key) => {
      const taken = await sql`
        with taken as (
          update coupons set remaining_amount = remaining_amount - 1
          where name = ${couponName} and remaining_amount > 0
          returning name
        )
        insert into claims (coupon_name, user_id, idempotency_key)
        select name, ${userId}, ${key ?? null} from taken
        returning true`;
      return taken.count > 0 ? 'claimed' : 'out_of_stock';
    },
  },

  /** A retry is answered as if another request had made its claim. */
  forgetKeys: {
    claims:
      (claims) =>
      async (...claim) => {
        const outcome = await claims.claimCoupon(...claim);
        return outcome === 'replayed' ? 'already_claimed' : outcome;
      },
  },

  /** A claim whose connection broke is not run again, and is answered as if it had not been made. */
  giveUpAtOnce: {
    claims: (_, sql) => async (couponName, userId, key) => {
      try {
        const [row] = await sql<{ outcome: ClaimOutcome }[]>`
          with made as (
            insert into claims (coupon_name, user_id, idempotency_key)
            select name, ${userId}, ${key ?? null} from coupons
            where name = ${couponName} and remaining_amount > 0 for update
            on conflict do nothing
            returning coupon_name
          ), made_claims as (
            update coupons set remaining_amount = remaining_amount - 1 from made
            where name = made.coupon_name returning name
          )
          select case
            when exists (select from made_claims) then 'claimed'
            when exists (
              select from claims where coupon_name = ${couponName} and user_id = ${userId}
              and idempotency_key = ${key ?? null}::text
            ) then 'replayed'
            when exists (select from claims where coupon_name = ${couponName} and user_id = ${userId})
            then 'already_claimed'
            else 'out_of_stock'
          end as outcome`;
        return row?.outcome ?? 'out_of_stock';
      } catch {
        throw new Overloaded('the database failed');
      }
    },
  },

  /** The stock is counted in memory, and every request counts. */
  countInMemory: {
    claims(claims, sql) {
      const left = new Map<string, number>();
      return async (couponName, ...rest) => {
        if (!left.has(couponName)) {
          const [row] = await sql<{ remaining_amount: number }[]>`
            select remaining_amount from coupons where name = ${couponName}`;
          left.set(couponName, row?.remaining_amount ?? 0);
        }
        const remaining = left.get(couponName) ?? 0;
        if (remaining === 0) return 'out_of_stock';
        left.set(couponName, remaining - 1);
        return claims.claimCoupon(couponName, ...rest);
      };
    },
  },

  /** Claims that arrive together are decided in the reverse order. */
  reverseBatches: {
    claims(claims) {
      let waiting: (() => void)[] = [];
      return async (...claim) => {
        if (waiting.length === 0) {
          setImmediate(() => {
            for (const begin of waiting.reverse()) begin();
            waiting = [];
          });
        }
        await new Promise<void>((begin) => waiting.push(begin));
        return claims.claimCoupon(...claim);
      };
    },
  },

  /** The outcomes of many claims are told in the reverse order. */
  reverseOutcomes: {
    many:
      (claims) =>
      async (...many) =>
        (await claims.claimCoupons(...many)).reverse(),
  },

  /** The last of many claims is dropped, and is answered as if it had been made. */
  dropLast: {
    many: (claims) => async (all, caller) => {
      const made = await claims.claimCoupons(all.slice(0, -1), caller);
      return [...made, 'claimed'];
    },
  },

  /** Many claims are decided in the reverse order, and each is told its own outcome. */
  decideBackwards: {
    many: (claims) => async (all, caller) => (await claims.claimCoupons(all.toReversed(), caller)).reverse(),
  },

  /** Readings come from a cache. */
  cacheReadings: {
    app(app) {
      const cache = new Map<string, { payload: unknown; at: number }>();
      app.addHook('onRequest', async (request, reply) => {
        const cached = cache.get(request.url);
        if (request.method === 'GET' && cached && Date.now() - cached.at < CACHED_MS) {
          return reply.type('application/json').send(cached.payload);
        }
      });
      app.addHook('onSend', async (request, reply, payload) => {
        if (reply.statusCode === 200 && /coupons\/[^/]+$/.test(request.url) && !cache.has(request.url)) {
          cache.set(request.url, { payload, at: Date.now() });
          setTimeout(() => cache.delete(request.url), CACHED_MS);
        }
        return payload;
      });
    },
  },
} satisfies Record<string, Bug>;

export type BugName = keyof typeof bugs;
