import type { Page } from 'playwright-core';
import t from 'tap';
import { startApp } from '../support/app.js';
import { openPage, startBrowser } from '../support/browser.js';

const ADMIN_KEY = 'admin-0123456789';

/** Sends the example of an operation that is open. Returns the status of the answer. */
async function execute(page: Page, id: string): Promise<string> {
  const operation = page.locator(`#operations-${id}`);
  const answered = page.waitForResponse((response) => response.url().includes('/api/'));
  await operation.getByRole('button', { name: 'Execute' }).click();
  const response = await answered;
  const status = operation.locator('.live-responses-table tbody .response-col_status');
  await status.getByText(String(response.status())).waitFor();
  return (await status.first().innerText()).trim();
}

t.test('the start page leads to the reference', async (t) => {
  const app = await startApp(t);
  const { page, faults } = await openPage(await startBrowser(t), `${app.url}/`);
  await page.getByRole('link', { name: 'API reference' }).click();
  await page.locator('.opblock').first().waitFor();
  t.equal(page.url(), `${app.url}/docs`);
  t.same(faults, []);
});

t.test(
  '/docs creates a coupon on the service that it came from, with the key that was entered',
  async (t) => {
    const app = await startApp(t, { settings: { ADMIN_API_KEYS: ADMIN_KEY } });
    const { page, faults } = await openPage(await startBrowser(t), `${app.url}/docs`);
    const id = 'coupons-createCoupon';
    await page.locator(`#operations-${id} .opblock-summary-control`).click();
    await page.locator(`#operations-${id}`).getByRole('button', { name: 'Try it out' }).click();
    t.match(await execute(page, id), /^401/);
    await page.locator('.auth-wrapper .authorize').click();
    await page.locator('.auth-container input').fill(ADMIN_KEY);
    await page.locator('.auth-btn-wrapper .authorize').click();
    await page.locator('.btn-done').click();
    t.match(await execute(page, id), /^201/);
    t.match(await app.getCoupon('SUMMER'), { name: 'SUMMER', amount: 500 });
    t.same(faults, []);
  },
);

t.test('every operation and schema of /docs opens within its policy, and fits a phone', async (t) => {
  const app = await startApp(t);
  const phone = { viewport: { width: 375, height: 800 } };
  const { page, faults } = await openPage(await startBrowser(t), `${app.url}/docs`, phone);
  const asked = new Set<string>();
  page.on('request', (request) => asked.add(new URL(request.url()).origin));
  const closed = page.locator('.opblock:not(.is-open) .opblock-summary-control');
  await closed.first().waitFor();
  while ((await closed.count()) > 0) await closed.first().click();
  await page.locator('.responses-inner').last().waitFor();
  await page.locator('.models button').first().click();
  await page.locator('.models').getByText('ErrorCode').waitFor();
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 375);
  t.same(
    [...asked].filter((origin) => origin !== app.url && origin !== 'null'),
    [],
  );
  t.same(faults, []);
});
