import { startApp, type TestApp } from '../support/app.js';
import type { Scope } from '../support/scope.js';
import type { Target } from './session.js';

export interface Servers extends Target {
  apps: TestApp[];
}

/** Starts two servers with one database. They end with the scope. */
export async function startServers(
  scope: Scope,
  options: Pick<NonNullable<Parameters<typeof startApp>[1]>, 'inspect' | 'beside'> = {},
): Promise<Servers> {
  // The log of each request costs more than the request.
  const first = await startApp(scope, { ...options, logLevel: 'warn' });
  const second = await startApp(scope, { ...options, logLevel: 'warn', beside: first });
  const apps = [first, second];
  return { apps, urls: apps.map(({ url }) => url), sql: first.sql, place: { cursor: undefined }, counts: {} };
}
