import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { projectRoot } from '../db/project-root.js';
import { bundleConsole } from '../src/console/bundle.js';

/** Apart from what `npm start` compiles: that may run meanwhile. */
const COMPILED = 'dist/test';

/**
 * Compiles the program, its client, the simulation of the benchmark and the tests, without a check of types,
 * in less than a second.
 */
export async function compile(): Promise<void> {
  await rm(join(projectRoot, COMPILED), { recursive: true, force: true });
  await build({
    absWorkingDir: projectRoot,
    entryPoints: [
      ...['src/**/*.ts', 'db/**/*.ts', 'test/**/*.ts', 'clients/typescript/src/**/*.ts'],
      'bench/simulate/*.ts',
    ],
    outbase: '.',
    outdir: COMPILED,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
  });
  await bundleConsole();
}

/** `test/a/b.test.ts` as compiled. Other words stay as they are. */
export function compiledPath(path: string): string {
  return path.startsWith('test/') ? `${COMPILED}/${path.replace(/\.ts$/, '.js')}` : path;
}

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) await compile();
