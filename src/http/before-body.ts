import type { FastifyContextConfig, FastifyInstance, onRequestHookHandler } from 'fastify';

/**
 * Runs a hook of each route before the body of a request is read, behind the hooks that were added
 * before. `hookOf` may return undefined: no hook. Routes must be added after this call.
 */
export function beforeBody(
  app: FastifyInstance,
  hookOf: (operationId: string, config: FastifyContextConfig) => onRequestHookHandler | undefined,
): void {
  app.addHook('onRoute', (route) => {
    const { operationId = '' } = (route.schema ?? {}) as { operationId?: string };
    const hook = hookOf(operationId, route.config ?? {});
    if (hook) route.onRequest = [route.onRequest ?? [], hook].flat();
  });
}
