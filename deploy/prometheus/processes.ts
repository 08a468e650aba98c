import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../db/embedded/free-port.js';
import { makeTemporaryFolder } from '../../db/embedded/throw-away.js';
import { projectRoot } from '../../db/project-root.js';
import { settingNames } from '../../src/config.js';
import type { Scope } from '../../test/support/scope.js';
import { until } from '../../test/support/until.js';

const SCRAPE_INTERVAL_S = 1;
const RULES = join(dirname(fileURLToPath(import.meta.url)), 'rules.yml');

export interface Installation {
  serviceUrl: string;
  prometheusUrl: string;
}

export function hasPrometheus(): boolean {
  return spawnSync('prometheus', ['--version']).error === undefined;
}

/**
 * Starts a service with two workers and a PostgreSQL of its own, a relay with a receiver that takes all, and
 * a Prometheus that scrapes both with our rules. All of them end with the scope, and their data go.
 */
export async function startInstallation(scope: Scope): Promise<Installation> {
  const { folder, remove } = await makeTemporaryFolder('coupons-try-');
  scope.teardown(remove);
  const [port, metricsPort, relayMetricsPort] = [await freePort(), await freePort(), await freePort()];
  const serviceUrl = `http://127.0.0.1:${port}`;
  const settings = { HOST: '127.0.0.1', DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'warn' };

  start(scope, process.execPath, ['dist/src/server.js'], {
    ...settings,
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    WEB_CONCURRENCY: '2',
  });
  await until('the service', () => isReady(`${serviceUrl}/health/ready`));

  start(scope, process.execPath, ['dist/src/relay.js'], {
    ...settings,
    METRICS_PORT: String(relayMetricsPort),
    RELAY_URL: await startReceiver(scope),
    RELAY_SECRET: `whsec_${Buffer.alloc(32, 'try').toString('base64')}`,
  });
  await until('the relay', () => isReady(`http://127.0.0.1:${relayMetricsPort}/metrics`));
  return { serviceUrl, prometheusUrl: await startPrometheus(scope, folder, [metricsPort, relayMetricsPort]) };
}

async function startPrometheus(scope: Scope, folder: string, ports: number[]): Promise<string> {
  const config = {
    global: { scrape_interval: `${SCRAPE_INTERVAL_S}s`, evaluation_interval: `${SCRAPE_INTERVAL_S}s` },
    rule_files: [RULES],
    scrape_configs: ['coupons', 'coupons-relay'].map((job_name, i) => ({
      job_name,
      static_configs: [{ targets: [`127.0.0.1:${ports[i]}`] }],
    })),
  };
  // JSON is YAML, too.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  start(scope, 'prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    `--web.listen-address=${address}`,
    '--log.level=error',
  ]);
  await until('Prometheus', () => isReady(`http://${address}/-/ready`));
  return `http://${address}`;
}

/** Starts a program with these settings and no others, and ends it with the scope. */
function start(
  scope: Scope,
  program: string,
  parameters: string[],
  settings: Record<string, string> = {},
): void {
  const inherited = Object.entries(process.env).filter(([name]) => !settingNames.includes(name));
  const child = spawn(program, parameters, {
    cwd: projectRoot,
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(child, 'exit');
  scope.teardown(async () => {
    child.kill('SIGTERM');
    await ended;
  });
}

/** Starts a receiver of webhooks. @returns its URL. */
async function startReceiver(scope: Scope): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}
