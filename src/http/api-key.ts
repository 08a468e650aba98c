import type { ApiKey, ApiKeys } from '../access/api-keys.js';
import type { SecurityHandler } from './security.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The key with which the request was allowed. Undefined if the operation needs none. */
    apiKey?: ApiKey;
  }
}

/** The security scheme `ApiKey` of the contract. The key must have all scopes that are not open. */
export function checkApiKey(keys: ApiKeys): SecurityHandler {
  return (request, scopes) => {
    const key = keys.find(request.headers.authorization);
    if (!key) return 'unauthorized';
    if (!scopes.every((scope) => key.scopes.has(scope) || keys.isOpen([scope]))) return 'forbidden';
    request.apiKey = key;
    return undefined;
  };
}
