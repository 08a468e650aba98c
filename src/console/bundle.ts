import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { projectRoot } from '../../db/project-root.js';

/** Browsers from April 2024 on. */
const TARGET = ['chrome122', 'firefox124', 'safari17.4'];

const BUNDLED_PACKAGES = ['uplot', 'eventsource-parser'];

/**
 * Makes dist/console/ from src/console/, in less than a second. Each file is replaced at once: a service
 * that starts meanwhile reads the old one or the new one.
 */
export async function bundleConsole(): Promise<void> {
  const folder = join(projectRoot, 'dist/console');
  const { outputFiles } = await build({
    absWorkingDir: join(projectRoot, 'src/console'),
    entryPoints: ['console.ts', 'console.css', 'index.html', 'icon.svg'],
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'esm',
    target: TARGET,
    loader: { '.html': 'copy', '.svg': 'copy' },
    footer: { js: await licences() },
    write: false,
  });
  await mkdir(folder, { recursive: true });
  for (const { path, contents } of outputFiles) {
    const written = join(folder, `.${basename(path)}.${process.pid}`);
    await writeFile(written, contents);
    await rename(written, path);
  }
}

/** The licences of what is bundled go with every copy. */
async function licences(): Promise<string> {
  const texts = BUNDLED_PACKAGES.map(async (name) => {
    const licence = await readFile(join(projectRoot, 'node_modules', name, 'LICENSE'), 'utf8');
    return `/*! ${name}\n\n${licence.trim()}\n*/`;
  });
  return (await Promise.all(texts)).join('\n');
}

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) await bundleConsole();
