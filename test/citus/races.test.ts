import t from 'tap';
import { auditShards, startShardedApp } from '../support/sharded.js';
import { createCluster, skipWithoutCitus } from './cluster.js';

const skip = skipWithoutCitus;
const RACES = 40;

t.test(
  'of a claim and a deletion at the same time, one wins: no claim is left without its coupon',
  {
    skip,
  },
  async (t) => {
    const cluster = await createCluster(t);
    const apps = [await startShardedApp(t, cluster), await startShardedApp(t, cluster)] as const;
    const won = { claim: 0, deletion: 0 };
    for (let race = 0; race < RACES; race++) {
      const name = `race-${race}`;
      await apps[0].createCoupon(name, 5);
      const claims = Array.from({ length: 5 }, (_, i) => apps[0].claim(name, `user-${i}`));
      const [deletion, ...claimed] = await Promise.all([
        apps[1].request('DELETE', `/api/coupons/${name}`),
        ...claims,
      ]);
      const statuses = claimed.map(({ status }) => status);
      if (deletion.status === 204) {
        won.deletion++;
        t.same(new Set(statuses), new Set([404]));
      } else {
        won.claim++;
        t.equal(deletion.status, 409);
        t.same(new Set(statuses), new Set([200]));
      }
    }
    t.comment(won);
    t.same(await auditShards({ ...cluster, urls: [cluster.direct] }), []);
  },
);

t.test(
  'a window that ends before it starts is refused with a reason, not an internal error',
  { skip },
  async (t) => {
    const cluster = await createCluster(t);
    const app = await startShardedApp(t, cluster);
    const window = { starts_at: '2999-01-02T00:00:00Z', ends_at: '2999-01-01T00:00:00Z' };
    const created = await app.request('POST', '/api/coupons', { body: { name: 'A', amount: 1, ...window } });
    t.equal(created.status, 400);
    await app.createCoupon('A', 1);
    t.equal((await app.request('PATCH', '/api/coupons/A', { body: window })).status, 400);
  },
);

t.test('changes and releases while claims run leave the books in balance', { skip }, async (t) => {
  const cluster = await createCluster(t);
  const apps = [await startShardedApp(t, cluster), await startShardedApp(t, cluster)] as const;
  await apps[0].createCoupon('A', 10);
  const claim = async (user: number) => {
    for (let i = 0; i < 20; i++) await apps[user % 2]!.claim('A', `user-${user}`);
  };
  const release = async (user: number) => {
    for (let i = 0; i < 20; i++)
      await apps[user % 2]!.request('DELETE', `/api/coupons/A/claims/user-${user}`);
  };
  const change = async () => {
    for (let i = 0; i < 20; i++) {
      const { status } = await apps[i % 2]!.request('PATCH', '/api/coupons/A', {
        body: { amount: 5 + (i % 10) },
      });
      t.ok([200, 409].includes(status));
    }
  };
  const people = Array.from({ length: 12 }, (_, user) => user);
  await Promise.all([...people.map(claim), ...people.slice(0, 6).map(release), change()]);
  t.same(await auditShards({ ...cluster, urls: [cluster.direct] }), []);
});
