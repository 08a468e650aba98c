import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import t from 'tap';
import { startApp } from '../support/app.js';
import { openPage, startBrowser } from '../support/browser.js';
import { claimAll, users } from '../support/crowd.js';
import { until } from '../support/until.js';

const ADMIN_KEY = 'admin-0123456789';
/** Of the zone that the pages of the tests are in: +05:30. */
const ZONE_MS = 5.5 * 3_600_000;

/** Waits until an element shows a text. */
const shows = (page: Page, selector: string, text: string | RegExp) =>
  until(`${text} in ${selector}`, async () => {
    const shown = (await page.locator(selector).first().textContent())?.trim() ?? '';
    return typeof text === 'string' ? shown === text : text.test(shown);
  });

/** The length of the bar that shows what is left, from 0 to 1. */
async function barLength(page: Page): Promise<number> {
  const { width } = (await page.locator('#coupon .bar').boundingBox())!;
  return (await page.locator('#coupon .bar span').boundingBox())!.width / width;
}

t.test('a whole sale: created, watched, restocked, a claim released, ended', async (t) => {
  const app = await startApp(t, { settings: { ADMIN_API_KEYS: ADMIN_KEY } });
  const { page, faults } = await openPage(await startBrowser(t), `${app.url}/console`);
  await shows(page, '#connection-words', 'Live');
  await shows(page, '#no-coupons strong', 'There is no coupon yet.');

  // Without a key, the sentence of the contract; with one, it goes on.
  await page.click('#no-coupons button');
  const startMs = Math.ceil(Date.now() / 1000) * 1000 + 3_000;
  await page.fill('#create [name=name]', 'NOON');
  await page.fill('#create [name=amount]', '600');
  await page.fill('#create [name=starts_at]', new Date(startMs + ZONE_MS).toISOString().slice(0, 19));
  await shows(page, '#create-words', /^NOON gets 600 units; it opens .+, in [1-4] s; it has no end\.$/);
  await page.click('#create [data-confirm]');
  await shows(page, '#create [data-error] strong', 'missing or unknown API key');
  await page.click('#create [data-key]');
  await page.fill('#key input', ADMIN_KEY);
  await page.click('#key [type=submit]');
  await page.click('#create [data-confirm]');

  // It opens by itself.
  await shows(page, '#notice-words', 'NOON was created with 600 units.');
  await shows(page, '#coupon-title', 'NOON');
  await shows(page, '#coupon .badge', 'Open');
  t.ok(Date.now() >= startMs - 50, 'and not before its start');
  await shows(page, '#left', '600');
  t.equal(await barLength(page), 1);

  const answers = await claimAll(
    [app],
    users(500).map((user) => ['NOON', user]),
  );
  t.ok(answers.every(({ status }) => status === 200));
  await shows(page, '#left', '100');
  await shows(page, '#claimed', '500');
  const isAsLong = async () => Math.abs((await barLength(page)) - 100 / 600) < 0.001;
  t.ok(await until('the bar to be as long as what is left', isAsLong));
  t.match(await page.locator('#latest li:visible').allTextContents(), [/user-\d+/]);
  t.equal(await page.locator('#coupon-list a').count(), 1);

  await page.click('[data-action=restock]');
  await page.fill('#restock input', '400');
  await shows(
    page,
    '#restock-words',
    /^The stock changes from 600 to 400: 200 units less\. But 500 units are/,
  );
  await page.click('#restock [data-confirm]');
  await shows(page, '#restock [data-error] strong', 'coupon stock already claimed');
  await page.fill('#restock input', '700');
  await shows(
    page,
    '#restock-words',
    /to 700: 100 units more\. 500 units are claimed, so 200 will be left\.$/,
  );
  await page.click('#restock [data-confirm]');
  await shows(page, '#left', '200');

  await page.fill('#user-id', 'nobody');
  await page.keyboard.press('Enter');
  await shows(page, '#holder-error', 'claim not found');
  await page.fill('#user-id', 'user-7');
  await page.keyboard.press('Enter');
  await shows(page, '#holder-id', 'user-7');
  await page.click('#release-holder');
  await shows(
    page,
    '#release-words',
    /^user-7 loses claim number \d+, made .+ 201 will be left, and somebody/,
  );
  await page.click('#release [data-confirm]');
  await shows(page, '#left', '201');
  t.equal(await page.locator('#holder').isVisible(), false);
  await shows(page, '#latest li', /user-7 released/);

  const downloading = page.waitForEvent('download');
  await page.click('[data-action=export]');
  const download = await downloading;
  t.equal(download.suggestedFilename(), 'NOON-claims.csv');
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  t.equal(lines[0], 'user_id,coupon_name,claimed_at');
  t.equal(lines.length, 500);

  await page.click('[data-action=window]');
  const endMs = startMs + 3_600_000;
  await page.fill('#window [name=ends_at]', new Date(endMs + ZONE_MS).toISOString().slice(0, 19));
  await shows(page, '#window-change', /it ends .+, in 59 min .+ Until now: it opened .+; it has no end\.$/);
  await page.click('#window [data-confirm]');
  await shows(page, '#window-words', /^ends .+, in 59 min/);
  t.equal((await app.request('GET', '/api/coupons/NOON')).json()['ends_at'], new Date(endMs).toISOString());
  t.equal(
    (await app.request('GET', '/api/coupons/NOON')).json()['starts_at'],
    new Date(startMs).toISOString(),
  );

  await page.click('[data-action=end]');
  await shows(
    page,
    '#end-words',
    /^The sale ends at once\. 201 of 700 units stay unsold, .+ 499 claims stay/,
  );
  await page.click('#end [data-confirm]');
  await shows(page, '#coupon .badge', 'Ended');
  t.equal(await page.locator('[data-action=end]').isVisible(), false);
  t.same(faults, [], 'the browser has nothing to complain about');
});

t.test('the keyboard is enough: to find a coupon, to act, and to cancel', async (t) => {
  const app = await startApp(t);
  for (const name of ['AUTUMN', 'SPRING', 'SUMMER']) await app.createCoupon(name, 5);
  const { page, faults } = await openPage(await startBrowser(t), `${app.url}/console`);
  await shows(page, '#coupon-list .name', 'AUTUMN');
  await page.focus('#search');
  await page.keyboard.type('sum');
  await until('one row', async () => (await page.locator('#coupon-list a').count()) === 1);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await shows(page, '#coupon-title', 'SUMMER');
  await page.focus('[data-action=restock]');
  await page.keyboard.press('Enter');
  t.equal(await page.locator('#restock').getAttribute('open'), '');
  await page.keyboard.press('Escape');
  t.equal(await page.locator('#restock').getAttribute('open'), null);
  t.equal(
    await page.evaluate("document.activeElement.getAttribute('data-action')"),
    'restock',
    'the focus is back',
  );
  t.equal((await app.getCoupon('SUMMER')).amount, 5);
  t.same(faults, []);
});

t.test('on a phone a coupon takes the place of the list, and back', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const { page } = await openPage(await startBrowser(t), `${app.url}/console`, {
    viewport: { width: 320, height: 568 },
  });
  await shows(page, '#coupon-list .name', 'SUMMER');
  await page.click('#coupon-list a');
  await shows(page, '#coupon-title', 'SUMMER');
  t.equal(await page.locator('#coupon-list').isVisible(), false);
  t.equal(await page.evaluate('document.activeElement.id'), 'coupon-title');
  await page.goBack();
  await until('the list', () => page.locator('#coupon-list').isVisible());
  t.match(await page.evaluate('document.activeElement.textContent'), 'SUMMER');
});
