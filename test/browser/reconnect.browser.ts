import t from 'tap';
import { openPage, startBrowser } from '../support/browser.js';
import { claimAll, users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

t.test('the numbers are right after the connection was cut and the server started anew', async (t) => {
  const { url } = await createDatabase(t);
  const first = startService(t, { DATABASE_URL: url });
  const before = await first.listening();
  await before.createCoupon('SUMMER', 500);
  const proxy = await startProxy(t, before.url);
  const { page, faults } = await openPage(
    await startBrowser(t),
    `http://127.0.0.1:${proxy.port}/console#/SUMMER`,
  );
  const shows = (selector: string, text: string) =>
    until(`${text} in ${selector}`, async () => (await page.textContent(selector)) === text);
  const claim = (from: number, to: number, server = before) =>
    claimAll(
      [server],
      users(to)
        .slice(from)
        .map((user) => ['SUMMER', user]),
    );
  await shows('#connection-words', 'Live');
  await claim(0, 100);
  await shows('#left', '400');

  proxy.cut();
  await claim(100, 200);
  await shows('#left', '300');

  await proxy.close();
  await first.stop('SIGKILL');
  await shows('#connection-words', 'Connecting again…');
  const after = await startService(t, { DATABASE_URL: url }).listening();
  await claim(200, 300, after);
  await after.request('PATCH', '/api/coupons/SUMMER', { body: { amount: 600 } });
  proxy.lead(Number(new URL(after.url).port));
  await proxy.open();
  await shows('#left', '300');
  await shows('#amount', '600');
  await shows('#connection-words', 'Live');
  const isOfNetwork = (fault: string) => fault.startsWith('Failed to load resource: net::');
  t.same(
    faults.filter((fault) => !isOfNetwork(fault)),
    [],
  );
});

t.test('without a key that may read, the page asks for one', async (t) => {
  const { url } = await createDatabase(t);
  const READ_API_KEYS = 'read-01234567890';
  const service = await startService(t, { DATABASE_URL: url, READ_API_KEYS }).listening();
  await service.createCoupon('SUMMER', 5);
  const { page } = await openPage(await startBrowser(t), `${service.url}/console`);
  await page.waitForSelector('#closed:visible');
  t.equal(await page.textContent('#closed-words'), 'missing or unknown API key');
  await page.click('#open-key');
  await page.fill('#key input', READ_API_KEYS);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#coupon-list a');
  t.equal(await page.textContent('#coupon-list .name'), 'SUMMER');
  t.equal(await page.locator('#closed').isVisible(), false);
  const kept = await page.evaluate<string>('JSON.stringify([localStorage, sessionStorage, document.cookie])');
  t.notMatch(kept, READ_API_KEYS, 'the key is kept in memory only');
});
