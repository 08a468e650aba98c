import Fastify from 'fastify';
import t from 'tap';
import { serveConsole } from '../../src/web/console.js';
import { startApp } from '../support/app.js';

const FILES = [
  ['/console', 'text/html; charset=utf-8'],
  ['/console/console.js', 'text/javascript; charset=utf-8'],
  ['/console/console.css', 'text/css; charset=utf-8'],
  ['/console/icon.svg', 'image/svg+xml'],
] as const;

const KEYS = {
  ADMIN_API_KEYS: 'a'.repeat(16),
  CLAIM_API_KEYS: 'c'.repeat(16),
  READ_API_KEYS: 'r'.repeat(16),
};

t.test('the console is served without a key, and again only if it changed', async (t) => {
  const app = await startApp(t, { settings: KEYS });
  for (const [path, mediaType] of FILES) {
    const answer = await fetch(app.url + path);
    const etag = answer.headers.get('etag') ?? '';
    t.equal(answer.status, 200, path);
    t.equal(answer.headers.get('content-type'), mediaType);
    t.equal(answer.headers.get('cache-control'), 'no-cache');
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    t.ok((await answer.text()).length > 100);
    const again = await fetch(app.url + path, { headers: { 'If-None-Match': etag } });
    t.strictSame([again.status, await again.text()], [304, '']);
    const refused = await app.request('POST', path);
    t.strictSame([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD']);
  }
  t.equal((await app.request('GET', '/console/')).status, 404);
});

t.test(
  'the page loads what is served and nothing else, and has no script or style in its text',
  async (t) => {
    const app = await startApp(t);
    const answer = await fetch(`${app.url}/console`);
    t.match(
      answer.headers.get('content-security-policy'),
      /^default-src 'none'; script-src 'self'; style-src 'self'; /,
    );
    const html = await answer.text();
    const loaded = [...html.matchAll(/ (?:src|href)="([^"#]+)"/g)].map(([, path]) => `/${path}`);
    t.strictSame(new Set(loaded), new Set(FILES.map(([path]) => path).filter((path) => path !== '/console')));
    t.notMatch(html, /<style|\sstyle=|\son\w+=|<script(?! type="module" src)/);
    const script = await (await fetch(`${app.url}/console/console.js`)).text();
    for (const owner of ['Leon Sorokin', 'Espen Hovlandsdal']) {
      t.ok(script.includes(owner), `the licence of ${owner} goes with it`);
    }
  },
);

t.test('a service whose console was not built warns, and works without it', async (t) => {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const app = Fastify({ logger: { level: 'warn', stream } });
  t.teardown(() => app.close());
  serveConsole(app, '/nowhere');
  t.match(lines, [{ level: 40, msg: 'there is no console: npm run build makes it' }]);
  t.equal((await app.inject('/console')).statusCode, 404);
});
