import type { FastifyInstance, onRequestHookHandler } from 'fastify';

/**
 * Runs a hook of each operation before the body of a request is read, behind the hooks that were added
 * before. `hookOf` may return undefined: no hook. Routes must be added after this call.
 */
export function beforeBody(
  app: FastifyInstance,
  hookOf: (operationId: string) => onRequestHookHandler | undefined,
): void {
  app.addHook('onRoute', (route) => {
    const { operationId = '' } = (route.schema ?? {}) as { operationId?: string };
    const hook = hookOf(operationId);
    if (hook) route.onRequest = [route.onRequest ?? [], hook].flat();
  });
}
