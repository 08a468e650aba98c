import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { projectRoot } from '../../db/project-root.js';
import { serveFile, type WebFile, webFile } from './serve-file.js';

/** Where `npm run build` puts what it makes from src/console/. */
const FOLDER = join(projectRoot, 'dist/console');

/** Everything that the page consists of: paths, files and media types. */
const FILES = [
  ['/console', 'index.html', 'text/html; charset=utf-8'],
  ['/console/console.js', 'console.js', 'text/javascript; charset=utf-8'],
  ['/console/console.css', 'console.css', 'text/css; charset=utf-8'],
  ['/console/icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;

/**
 * Serves the console. It holds no data: it reads them through the API, with the key of the person who looks.
 * If it has not been built, a warning says so, and the API works without it.
 */
export function serveConsole(app: FastifyInstance, folder = FOLDER): void {
  let files: [path: string, file: WebFile][];
  try {
    files = FILES.map(([path, name, mediaType]) => [
      path,
      webFile(mediaType, readFileSync(join(folder, name))),
    ]);
  } catch (error) {
    app.log.warn({ err: error }, 'there is no console: npm run build makes it');
    return;
  }
  for (const [path, file] of files) serveFile(app, path, file);
}
