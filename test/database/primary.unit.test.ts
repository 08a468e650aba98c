import t, { type Test } from 'tap';
import { type HostAnswer, Primary } from '../../src/database/primary.js';

/** A primary among hosts whose answers are in the test's hand. */
function watch(t: Test, answers: Record<string, HostAnswer>) {
  const events: string[] = [];
  const asked: string[] = [];
  const primary = new Primary({
    urls: Object.keys(answers),
    ask: async (url) => {
      asked.push(url);
      return answers[url] ?? 'none';
    },
    onMoved: () => events.push('moved'),
    onLost: () => events.push('lost'),
    onBack: () => events.push('back'),
  });
  t.teardown(() => primary.close());
  return { primary, answers, events, asked };
}

t.test('the primary is found whichever host is listed first', async (t) => {
  for (const hosts of [
    { a: 'primary', b: 'read_only' },
    { b: 'read_only', a: 'primary' },
    { b: 'none', a: 'primary' },
  ] as Record<string, HostAnswer>[]) {
    const { primary } = watch(t, hosts);
    t.ok(await primary.check());
    t.equal(primary.url, 'a');
  }
});

t.test('while the primary answers, no other host is asked', async (t) => {
  const { primary, asked } = watch(t, { a: 'primary', b: 'read_only' });
  for (let i = 0; i < 3; i++) await primary.check();
  t.same(new Set(asked), new Set(['a']));
});

t.test('after a failover the connections move to the new primary', async (t) => {
  const { primary, answers, events } = watch(t, { a: 'primary', b: 'read_only' });
  await primary.check();
  answers['a'] = 'none';
  t.notOk(await primary.check());
  answers['b'] = 'primary';
  t.ok(await primary.check());
  t.equal(primary.url, 'b');
  t.same(events, ['lost', 'moved', 'back']);
});

t.test(
  'a primary that has become a standby is lost, and its connections move when its name does',
  async (t) => {
    const { primary, answers, events } = watch(t, { a: 'primary' });
    await primary.check();
    answers['a'] = 'read_only';
    t.notOk(await primary.check());
    answers['a'] = 'primary';
    t.ok(await primary.check());
    t.same(events, ['lost', 'moved', 'back']);
  },
);

t.test('a database that comes back on its host keeps its connections', async (t) => {
  const { primary, answers, events } = watch(t, { a: 'primary' });
  await primary.check();
  answers['a'] = 'none';
  await primary.check();
  await primary.check();
  answers['a'] = 'primary';
  await primary.check();
  t.same(events, ['lost', 'back']);
});

t.test('a watch that is closed asks nobody', async (t) => {
  const { primary, asked } = watch(t, { a: 'primary' });
  primary.close();
  t.notOk(await primary.check());
  t.same(asked, []);
});
