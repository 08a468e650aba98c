import { isIPv4 } from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import { type ApiKeys, settingsOf } from './api-keys.js';

/** Warns once if other machines may reach operations that need no key. */
export function warnOfOpenScopes({ openScopes }: ApiKeys, { HOST }: Config, logger: Logger): void {
  if (openScopes.length === 0 || isLoopback(HOST)) return;
  const settings = openScopes.map((scope) => settingsOf(scope).list);
  logger.warn(
    `whoever reaches this service may use the open scopes ${openScopes.join(', ')}: set ${settings.join(', ')}`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
