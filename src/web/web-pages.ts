import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { projectRoot } from '../../db/project-root.js';
import type { Contract } from '../contract.js';
import { chooseMediaType } from '../http/accept.js';
import { PROBLEM_MEDIA_TYPE, sendProblem } from '../http/problems.js';
import { serveConsole } from './console.js';
import { sendFile, serveFile, webFile } from './serve-file.js';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/**
 * Serves the contract, and pages for people: `/docs`, a viewer of the contract that also sends requests,
 * `/console`, which shows the sales, and `/`, which links to everything. They are no operations of the
 * contract, and need no key.
 */
export function serveWebPages(app: FastifyInstance, contract: Contract): void {
  const own = (name: string) => readFileSync(join(projectRoot, 'src/web/static', name));
  const viewerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const ofViewer = (name: string) => readFileSync(join(viewerFolder, name));

  // The file as it is: a copy of it can be compared byte by byte.
  const yaml = readFileSync(join(projectRoot, 'openapi.yaml'));
  serveFile(app, '/openapi.yaml', webFile('application/yaml', yaml));
  serveFile(app, '/openapi.json', webFile('application/json', JSON.stringify(contract)));
  serveFile(app, '/docs', webFile(HTML, own('docs.html')));
  serveFile(app, '/docs/swagger-ui-bundle.js', webFile(SCRIPT, ofViewer('swagger-ui-bundle.js')));
  serveFile(app, '/docs/swagger-ui.css', webFile(STYLE, ofViewer('swagger-ui.css')));
  serveFile(app, '/web/docs.js', webFile(SCRIPT, own('docs.js')));
  serveFile(app, '/web/pages.css', webFile(STYLE, own('pages.css')));
  serveConsole(app);
  serveStart(app, own('index.html'));
}

/** Programs ask for the API, and get the 404 of any unknown path. Browsers name HTML, and get a page. */
function serveStart(app: FastifyInstance, html: Buffer): void {
  const file = webFile(HTML, html);
  app.route({
    method: ['GET', 'HEAD'],
    url: '/',
    config: { isWebFile: true },
    handler: (request, reply) => {
      const chosen = chooseMediaType(request, [PROBLEM_MEDIA_TYPE, 'text/html']);
      if (chosen !== 'text/html') return sendProblem(reply, 'path_not_found');
      return sendFile(request, reply.header('Vary', 'Accept'), file);
    },
  });
}
