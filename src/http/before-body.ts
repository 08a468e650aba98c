import type { FastifyContextConfig, FastifyInstance, onRequestHookHandler, RouteOptions } from 'fastify';

/**
 * Runs a hook of each route before the body of a request is read, behind the hooks that were added
 * before. `hookOf` may return undefined: no hook. Routes must be added after this call.
 */
export function beforeBody(
  app: FastifyInstance,
  hookOf: (operationId: string, config: FastifyContextConfig) => onRequestHookHandler | undefined,
): void {
  app.addHook('onRoute', (route) => {
    const hook = hookOf(operationIdOf(route), route.config ?? {});
    if (hook) route.onRequest = [route.onRequest ?? [], hook].flat();
  });
}

/** The operation of the contract that a route is made for. */
export function operationIdOf({ schema }: RouteOptions): string {
  return ((schema ?? {}) as { operationId?: string }).operationId ?? '';
}
