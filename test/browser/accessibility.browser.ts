import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { startApp } from '../support/app.js';
import { findBarriers, openPage, SCREENS, startBrowser } from '../support/browser.js';
import { claimAll, users } from '../support/crowd.js';
import { until } from '../support/until.js';

/** Nothing is wrong with the page, and it is no wider than the screen. */
async function isAccessible(t: Test, page: Page, state: string): Promise<void> {
  t.same(await findBarriers(page), [], state);
  const excess = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  t.ok(excess <= 0, `${state}: ${excess} px too wide`);
}

t.test('a barrier is found', async (t) => {
  const app = await startApp(t);
  const { page } = await openPage(await startBrowser(t), `${app.url}/console`);
  await page.waitForSelector('#no-coupons:visible');
  await page.evaluate("document.querySelector('#open-key').textContent = ''");
  t.match(await findBarriers(page), [/^button-name: /]);
});

for (const [screen, options] of SCREENS) {
  t.test(`axe finds no barrier, and nothing is too wide: ${screen}`, async (t) => {
    const app = await startApp(t);
    const { page, faults } = await openPage(await startBrowser(t), `${app.url}/console`, options);
    await page.waitForSelector('#no-coupons:visible');
    await isAccessible(t, page, 'without coupons');

    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const create = (coupon: object) => app.request('POST', '/api/coupons', { body: coupon });
    await create({
      name: 'COMES',
      amount: 2_147_483_647,
      starts_at: at(86_400_000),
      ends_at: at(172_800_000),
    });
    await create({ name: 'OPEN', amount: 500, ends_at: at(3_600_000) });
    await create({ name: 'SOLD', amount: 1 });
    await create({ name: 'ENDED', amount: 1, ends_at: at(-1_000) });
    await create({ name: `${'a long name without end '.repeat(10)}`, amount: 10 });
    await create({ name: 'W'.repeat(255), amount: 10 });
    await claimAll(
      [app],
      [
        ['SOLD', 'ada'],
        ...users(300).map((user): [string, string] => ['OPEN', user]),
        ['OPEN', 'x'.repeat(255)],
      ],
    );
    await until('the coupons', async () => (await page.locator('#coupon-list a').count()) === 6);
    await isAccessible(t, page, 'the list');

    await page.click('#coupon-list a[href="#/OPEN"]');
    await page.waitForSelector('#chart canvas');
    await until('the claims', async () => (await page.textContent('#claimed')) === '301');
    await page.fill('#user-id', 'user-5');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#holder:visible');
    await isAccessible(t, page, 'a coupon');

    for (const action of ['create', 'restock', 'window', 'end']) {
      await page.locator(`[data-action=${action}]:visible`).first().click();
      await isAccessible(t, page, `the dialog ${action}`);
      await page.keyboard.press('Escape');
    }
    await page.click('#release-holder');
    await isAccessible(t, page, 'the dialog release');
    await page.click('#release [data-confirm]');
    await page.waitForSelector('#notice:visible');
    await isAccessible(t, page, 'a notice');
    await page.click('#open-key');
    await isAccessible(t, page, 'the dialog key');
    await page.keyboard.press('Escape');
    await page.goto(`${app.url}/console#/${'W'.repeat(255)}`);
    await until('a long name', async () => (await page.textContent('#coupon-title'))?.startsWith('WW'));
    await isAccessible(t, page, 'a coupon with a long name');
    t.same(faults, []);
  });
}
