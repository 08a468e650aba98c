import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { projectRoot } from '../../db/project-root.js';
import { startApp } from '../support/app.js';

/** What Chromium sends when a person opens an address. */
const BROWSER =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8';
const FILES = [
  ['/openapi.yaml', 'application/yaml'],
  ['/openapi.json', 'application/json'],
  ['/docs', 'text/html; charset=utf-8'],
  ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
  ['/web/docs.js', 'text/javascript; charset=utf-8'],
  ['/web/pages.css', 'text/css; charset=utf-8'],
] as const;

// No page needs a key, also if every operation does.
const KEYS = {
  ADMIN_API_KEYS: 'a'.repeat(16),
  CLAIM_API_KEYS: 'c'.repeat(16),
  READ_API_KEYS: 'r'.repeat(16),
};
const app = await startApp(t, { settings: KEYS });
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(app.url + path, { method, headers });

for (const [path, mediaType] of FILES) {
  t.test(`${path} is served without a key, and again only if it changed`, async (t) => {
    const answer = await get(path);
    const body = await answer.text();
    t.equal(answer.status, 200);
    t.equal(answer.headers.get('content-type'), mediaType);
    t.equal(answer.headers.get('cache-control'), 'no-cache');
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    t.ok(answer.headers.get('x-request-id'));
    const etag = answer.headers.get('etag') ?? '';
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await get(path, { 'If-None-Match': known });
      t.strictSame([again.status, await again.text(), again.headers.get('etag')], [304, '', etag], known);
    }
    t.equal((await get(path, { 'If-None-Match': '"other"' })).status, 200);
    const head = await get(path, {}, 'HEAD');
    t.strictSame([head.status, await head.text(), head.headers.get('etag')], [200, '', etag]);
    t.equal(head.headers.get('content-length'), String(Buffer.byteLength(body)));
  });

  t.test(`405: ${path} has no other methods than GET and HEAD`, async (t) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await app.request(method, path);
      t.strictSame([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'], method);
    }
  });
}

t.test('/openapi.yaml is the file itself, and /openapi.json says the same', async (t) => {
  const file = readFileSync(join(projectRoot, 'openapi.yaml'), 'utf8');
  t.equal(await (await get('/openapi.yaml')).text(), file);
  t.strictSame(await (await get('/openapi.json')).json(), parse(file));
});

t.test('/ is a page for a browser', async (t) => {
  for (const method of ['GET', 'HEAD']) {
    const answer = await get('/', { Accept: BROWSER }, method);
    t.equal(answer.status, 200);
    t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
    t.equal(answer.headers.get('vary'), 'Accept');
    const body = await answer.text();
    if (method === 'HEAD') t.equal(body, '');
    else for (const link of ['docs', 'console', 'openapi.yaml']) t.match(body, `href="${link}"`);
  }
});

t.test('404: / is an unknown path for a program, and with any other method', async (t) => {
  const accepts = [
    '*/*',
    'application/json',
    'application/json, text/html;q=0.5, */*',
    `${'a/b,'.repeat(300)}text/html`,
  ];
  for (const accept of accepts) {
    const answer = await app.request('GET', '/', { headers: { Accept: accept } });
    t.strictSame([answer.status, answer.json()['code']], [404, 'path_not_found'], accept.slice(0, 60));
    t.equal(answer.headers.get('cache-control'), 'no-store');
    t.equal((await get('/', { Accept: accept }, 'HEAD')).status, 404);
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await app.request(method, '/', { headers: { Accept: BROWSER } });
    t.strictSame([answer.status, answer.json()['code']], [404, 'path_not_found'], method);
  }
});

t.test('the pages load nothing from elsewhere, and run no script that stands in them', async (t) => {
  for (const path of ['/', '/docs']) {
    const answer = await get(path, { Accept: BROWSER });
    const policy = answer.headers.get('content-security-policy') ?? '';
    t.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
    t.match(policy, /connect-src 'self'.*frame-ancestors 'none'$/);
    t.notMatch(policy, /unsafe|https?:|\*/);
    const html = await answer.text();
    t.notMatch(html, /https?:|<script>|<style|\son\w+=|style=/);
    await loadsAll(t, html);
  }
});

/** Every script and style of a page is there. */
async function loadsAll(t: Test, html: string): Promise<void> {
  const loaded = [...html.matchAll(/<(?:script src|link rel="stylesheet" href)="([^"]+)"/g)];
  t.ok(loaded.length > 0);
  for (const [, path] of loaded) t.equal((await get(`/${path}`)).status, 200, String(path));
}

t.test(
  'a small limit of requests lets a browser load a page, and does not serve it without end',
  async (t) => {
    const limited = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '1' } });
    const statuses = await Promise.all(FILES.map(async ([path]) => (await fetch(limited.url + path)).status));
    t.strictSame(new Set(statuses), new Set([200]));
    for (const path of ['/web/pages.css', '/']) {
      let answer = await fetch(limited.url + path, { headers: { Accept: BROWSER } });
      for (let count = 0; count < 10_000 && answer.status === 200; count++) {
        await answer.text();
        answer = await fetch(limited.url + path, { headers: { Accept: BROWSER } });
      }
      const { code } = (await answer.json()) as { code: string };
      t.strictSame([answer.status, code], [429, 'rate_limited'], path);
    }
  },
);
