import { isIP } from 'node:net';

/** Ranges that Fastify knows by name. */
const NAMED_RANGES = ['loopback', 'linklocal', 'uniquelocal'];

/**
 * Reads the setting TRUST_PROXY: whose X-Forwarded-For is believed. `true` is everyone's.
 * @returns what Fastify calls `trustProxy`, or undefined if the text means nothing. A number of hops is
 * refused: Fastify believes nobody then, because it cannot tell a balancer from a client.
 */
export function readTrustProxy(text: string): boolean | string[] | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  const ranges = text.split(',').map((range) => range.trim());
  return ranges.every((range) => NAMED_RANGES.includes(range) || isRange(range)) ? ranges : undefined;
}

/** An address, or a range such as 10.0.0.0/8. */
function isRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const bitsMax = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  if (bitsMax === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= bitsMax);
}
