import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { ApiKeys } from '../access/api-keys.js';
import { type Contract, operationsOf } from '../contract.js';
import { beforeBody } from './before-body.js';
import { clientAddress } from './client-address.js';
import { sendProblem } from './problems.js';

const WINDOW_MS = 1_000;
/**
 * Keys and addresses that are counted at the same time. Beyond that, the one seen longest ago is forgotten.
 */
const CLIENTS_MAX = 20_000;
/** A browser loads a page in several requests. They must not use up a small limit. */
const FILES_PER_SECOND_MIN = 20;

/**
 * Limits the requests of each key and of each address without a known key, before their bodies are read.
 * An unknown key counts as no key: otherwise each invented key would have a limit of its own. The
 * addresses of an IPv6 network (/64) count as one. Routes must be added after this call.
 * Health checks are not limited, and the files of web pages are counted apart. With a limit of 0 per
 * second there is no limit, and no work for a request.
 */
export async function limitRates(
  app: FastifyInstance,
  contract: Contract,
  perSecond: number,
  keys: ApiKeys,
): Promise<void> {
  if (perSecond === 0) return;
  await app.register(rateLimit, {
    global: false,
    max: perSecond,
    timeWindow: WINDOW_MS,
    cache: CLIENTS_MAX,
    keyGenerator: (request) =>
      keys.find(request.headers.authorization)?.name ?? normalizeIP(clientAddress(request)),
  });
  const countOperation = app.createRateLimit();
  const countFile = app.createRateLimit({ max: Math.max(perSecond, FILES_PER_SECOND_MIN) });
  const limited = new Set(
    operationsOf(contract)
      .filter(({ operation }) => !operation.tags?.includes('health'))
      .map(({ operation }) => operation.operationId),
  );
  beforeBody(app, (operationId, { isWebFile }) => {
    if (!isWebFile && !limited.has(operationId)) return undefined;
    const count = isWebFile ? countFile : countOperation;
    return async (request, reply) => {
      const counted = await count(request);
      if (counted.isAllowed || !counted.isExceeded) return;
      return sendProblem(reply, 'rate_limited');
    };
  });
}
