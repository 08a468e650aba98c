import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { startApp } from '../support/app.js';

const NAME = '@scalable-coupon-system/client';
const source = join(projectRoot, 'clients/typescript');
/** Beside the compiled tests: they are deleted before each run. */
const consumer = join(projectRoot, 'dist/test/consumer');
const run = promisify(execFile);

/** What pages of browsers have, and Node.js too. */
const WEB = {
  AbortController,
  AbortSignal,
  clearTimeout,
  crypto,
  DOMException,
  fetch,
  FormData,
  Headers,
  performance,
  Request,
  Response,
  setTimeout,
  URL,
  URLSearchParams,
};

t.before(async () => {
  const options = { cwd: projectRoot, shell: process.platform === 'win32' };
  const workspace = ['--workspace', 'clients/typescript'];
  await run('npm', ['run', 'build', ...workspace], options);
  const packing = ['pack', '--dry-run', '--json', '--silent', '--ignore-scripts', ...workspace];
  const { stdout } = await run('npm', packing, options);
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  for (const { path } of files) {
    const target = join(consumer, 'node_modules', NAME, path);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(source, path), target);
  }
});

t.test(
  'types and examples of the README compile against the package, with no types of Node.js',
  async (t) => {
    const types = await readFile(join(source, 'test/types.ts'), 'utf8');
    await writeFile(join(consumer, 'types.ts'), types.replace('../src/index.js', NAME));
    const readme = await readFile(join(source, 'README.md'), 'utf8');
    const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code);
    t.ok(examples.length > 3);
    const names = await Promise.all(
      examples.map(async (code, i) => {
        await writeFile(join(consumer, `example-${i}.ts`), `${code}\nexport {};\n`);
        return `example-${i}.ts`;
      }),
    );
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: [],
      module: 'nodenext',
    };
    await writeFile(join(consumer, 'package.json'), '{ "type": "module" }');
    const config = JSON.stringify({ compilerOptions, files: ['types.ts', ...names] });
    await writeFile(join(consumer, 'tsconfig.json'), config);
    const tsc = join(projectRoot, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '--project', consumer]).catch((error) => error);
    t.equal(stdout, '');
  },
);

t.test('a bundle for browsers has the client and openapi-fetch, and claims without Node.js', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const contents = `
    import { createClient } from '${NAME}';
    globalThis.result = createClient({ baseUrl: '${app.url}' }).claim('SUMMER', 'ada');`;
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: consumer },
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
    metafile: true,
  });
  const foreign = /node_modules\/(?!@scalable-coupon-system\/client\/dist\/|openapi-fetch\/)/;
  t.same(
    Object.keys(metafile.inputs).filter((path) => foreign.test(path)),
    [],
  );
  const page: Record<string, unknown> = createContext({ ...WEB });
  runInContext(outputFiles[0]!.text, page);
  t.match(await page['result'], { ok: true, replayed: false });
});

t.test('the package has one dependency, of an exact version', async (t) => {
  const { dependencies } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
  t.same(Object.keys(dependencies), ['openapi-fetch']);
  t.match(dependencies['openapi-fetch'], /^\d+\.\d+\.\d+$/);
});
