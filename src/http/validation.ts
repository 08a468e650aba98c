import type { FastifyInstance } from 'fastify';
import { createAjv } from '../json-schema.js';

interface RouteSchema {
  body?: { content: Record<string, { schema: unknown }> };
  querystring?: object;
}

/**
 * Validates requests as the contract says. Only query strings are coerced, because they have no types
 * of their own, and get the contract's defaults. Unknown query parameters are refused, like unknown fields.
 */
export function useContractSchemas(app: FastifyInstance): void {
  const ajv = createAjv();
  const queryAjv = createAjv({ coerceTypes: 'array', useDefaults: true });
  app.setValidatorCompiler<object>(({ schema, httpPart }) =>
    (httpPart === 'querystring' ? queryAjv : ajv).compile(schema),
  );
  app.addHook('onRoute', (route) => {
    const schema = route.schema as RouteSchema | undefined;
    if (!schema) return;
    // Fastify picks a body's schema by its media type: a request without one would not be validated.
    if (schema.body) route.schema!.body = schema.body.content['application/json']?.schema;
    schema.querystring = { type: 'object', ...schema.querystring, additionalProperties: false };
  });
}
