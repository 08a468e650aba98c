import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Sql } from 'postgres';
import { getCouponWithoutHolders } from '../../src/coupons/get-coupon.js';

/** Defects that the histories must find. */
export interface Bug {
  /** Puts the defect into the database. */
  plant?: (sql: Sql) => Promise<unknown>;
  /** Puts it into each of the servers. */
  inspect?: (app: FastifyInstance) => void;
  found: RegExp;
}

/** Runs statements on each new row of a table. */
const trigger = (sql: Sql, table: string, event: 'insert' | 'update', body: string) =>
  sql.unsafe(`
    create function bug() returns trigger language plpgsql as $$ begin ${body} return new; end $$;
    create trigger bug before ${event} on ${table} for each row execute function bug();`);

/** Changes the body of each answer to a GET of this path. */
function rewrite(
  app: FastifyInstance,
  path: RegExp,
  change: (body: Page, request: FastifyRequest) => void,
): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'GET' || reply.statusCode !== 200 || !path.test(request.url)) return payload;
    const body = JSON.parse(String(payload));
    change(body, request);
    return JSON.stringify(body);
  });
}
interface Page {
  items: unknown[];
  next_cursor?: string;
}

const SHORTER = 'cardinality(new.user_ids) - 1';

export const bugs = {
  'a release does not give the unit back': {
    plant: (sql) =>
      trigger(
        sql,
        'coupons',
        'update',
        'if new.releases > old.releases then new.remaining_amount := old.remaining_amount; end if;',
      ),
    found: /^(The model answers otherwise|No order explains|The tables are)/,
  },
  'a late retry claims again': {
    plant: (sql) => trigger(sql, 'released_claims', 'insert', 'new.idempotency_key := null;'),
    found: /claim .* with key|"released":\[\{"user":"\w+","key":null/,
  },
  'a change accepts an amount below the claims': {
    inspect: (app) =>
      app.addHook('preHandler', async (request, reply) => {
        const { amount } = (request.body ?? {}) as { amount?: number };
        if (request.method !== 'PATCH' || amount === undefined) return;
        const { name } = request.params as { name: string };
        const { count } = await app.shards.of(name).write(
          (sql) => sql`
            update coupons set amount = ${amount}, remaining_amount = 0
            where name = ${name} and amount - remaining_amount > ${amount}`,
        );
        if (count > 0) return reply.send(await getCouponWithoutHolders(app.shards.of(name), name));
      }),
    found: /change .* to .*: 200/,
  },
  'a claim is missing in the log': {
    plant: (sql) =>
      trigger(
        sql,
        'events',
        'insert',
        `if cardinality(new.user_ids) > 1 then
          new.coupon_names := new.coupon_names[:${SHORTER}];
          new.claim_numbers := new.claim_numbers[:${SHORTER}];
          new.user_ids := new.user_ids[:${SHORTER}];
        end if;`,
      ),
    found: /^The log is/,
  },
  'the log has claims in the wrong order': {
    plant: (sql) =>
      trigger(
        sql,
        'events',
        'insert',
        `if cardinality(new.user_ids) > 1 then
          select array_agg(coupon order by place desc), array_agg(person order by place desc),
            array_agg(number order by place desc)
          into new.coupon_names, new.user_ids, new.claim_numbers
          from unnest(new.coupon_names, new.user_ids, new.claim_numbers)
            with ordinality as claim (coupon, person, number, place);
        end if;`,
      ),
    found: /^The log is|after \{"amount"/,
  },
  'two servers take the last unit': {
    inspect: (app) =>
      app.addHook('preHandler', async (request, reply) => {
        if (request.routeOptions.url !== '/api/coupons/claim' || request.headers['idempotency-key']) return;
        const { coupon_name, user_id } = request.body as { coupon_name: string; user_id: string };
        const { count: hasUnits } = await app.shards.of(coupon_name).read(
          (sql) => sql`
            select from coupons
            where name = ${coupon_name} and remaining_amount > 0
              and coalesce(starts_at <= now(), true) and coalesce(ends_at > now(), true)`,
        );
        if (hasUnits === 0) return;
        const made = await app.shards
          .of(coupon_name)
          .write(
            (sql) => sql`
            with made_claim as (
              insert into claims (coupon_name, user_id) values (${coupon_name}, ${user_id})
              on conflict do nothing
              returning coupon_name, user_id, claim_number
            ), taken_unit as (
              update coupons set remaining_amount = greatest(remaining_amount - 1, 0)
              from made_claim where name = coupon_name
            )
            insert into events (type, coupon_names, user_ids, claim_numbers)
            select 'claim.made', array[coupon_name], array[user_id], array[claim_number] from made_claim`,
          )
          .catch(() => ({ count: 0 }));
        if (made.count > 0) return reply.send();
      }),
    found: /^(No order explains|The model answers|The tables are)(?!.*: 500)/s,
  },
  'a page of a list skips its last item': {
    inspect: (app) =>
      rewrite(app, /claims\?|coupons\?/, (page) => {
        if (page.next_cursor) page.items.pop();
      }),
    found: /list .* a page/,
  },
  'a page of the log skips its last event': {
    inspect: (app) =>
      rewrite(app, /\/events/, (page, request) => {
        if (page.items.length === (request.query as { limit: number }).limit) page.items.pop();
      }),
    found: /^The log is/,
  },
  'a server answers from a cache': {
    inspect(app) {
      const cache = new Map<string, unknown>();
      app.addHook('onRequest', async (request, reply) => {
        const cached = request.method === 'GET' && cache.get(request.url);
        if (cached) return reply.type('application/json').send(cached);
      });
      app.addHook('onSend', async (request, reply, payload) => {
        if (reply.statusCode === 200 && /coupons\/[^/]+$/.test(request.url)) cache.set(request.url, payload);
        return payload;
      });
    },
    found: /read .*: 200/,
  },
} satisfies Record<string, Bug>;
