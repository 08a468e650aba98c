import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { Scope } from './scope.js';

/** Where Chromium and Chrome are installed, if CHROMIUM_PATH does not say it. */
const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Root, as in containers, has no sandbox. The others keep the browser from calling home. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The path of a browser on this machine, or undefined. */
export function findBrowser(): string | undefined {
  const { CHROMIUM_PATH } = process.env;
  return (CHROMIUM_PATH ? [CHROMIUM_PATH] : USUAL_PATHS).find((path) => existsSync(path));
}

/** Starts the browser, with a profile of its own. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error('there is no Chromium on this machine: set CHROMIUM_PATH');
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** Starts the browser until the end of the test. */
export async function startBrowser(t: Scope): Promise<Browser> {
  const browser = await launchBrowser();
  t.teardown(() => browser.close());
  return browser;
}

/** Each of these must work. */
export const SCREENS: [name: string, options: BrowserContextOptions][] = [
  ['desktop, light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
  ['desktop, dark', { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' }],
  ['phone, light', { viewport: { width: 360, height: 780 }, colorScheme: 'light', hasTouch: true }],
  ['phone, dark', { viewport: { width: 320, height: 568 }, colorScheme: 'dark', hasTouch: true }],
];

/** Chromium logs each answer that is an error. The page shows them. */
const REFUSED = /^Failed to load resource: the server responded with a status of 4\d\d/;

export interface WatchedPage {
  page: Page;
  /** What the browser logged as wrong, such as a breach of the Content-Security-Policy. */
  faults: string[];
}

/** Opens a page whose clock is in a zone of its own: +05:30, without summer time. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ timezoneId: 'Asia/Kolkata', locale: 'de-DE', ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    const isFault = message.type() === 'error' || message.type() === 'warning';
    if (isFault && !REFUSED.test(message.text())) faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong with the page as it is now: rules, and where they are broken. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  // Typed here: the function runs in the browser.
  const results = (await page.evaluate('axe.run()')) as AxeResults;
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}
