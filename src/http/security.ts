import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Contract, type ErrorCode, operationsOf, type SecurityRequirements } from '../contract.js';
import { beforeBody } from './before-body.js';
import { sendProblem } from './problems.js';

/**
 * Decides whether a request satisfies a security scheme of the contract.
 * @returns undefined if it does, or the code of the refusal.
 */
export type SecurityHandler = (request: FastifyRequest, scopes: readonly string[]) => ErrorCode | undefined;

/** By the name of the scheme. */
export type SecurityHandlers = Record<string, SecurityHandler>;

/** Whether every request satisfies a scheme with these scopes. Then it is not checked at all. */
export type IsOpen = (scheme: string, scopes: readonly string[]) => boolean;

/**
 * Enforces the contract's `security` before a request's body is read. (fastify-openapi-glue would
 * check after the validation of the body.) Routes must be added after this call.
 * @throws Error that names a scheme without a handler.
 */
export function enforceSecurity(
  app: FastifyInstance,
  contract: Contract,
  handlers: SecurityHandlers,
  isOpen: IsOpen,
): void {
  const requirementsOf = new Map<string, SecurityRequirements>();
  for (const { operation } of operationsOf(contract)) {
    const requirements = operation.security ?? contract.security ?? [];
    if (requirements.length > 0) requirementsOf.set(String(operation.operationId), requirements);
  }
  for (const scheme of [...requirementsOf.values()].flat().flatMap(Object.keys)) {
    if (!Object.hasOwn(handlers, scheme)) {
      throw new Error(`the security scheme ${scheme} of openapi.yaml has no handler`);
    }
  }
  beforeBody(app, (operationId) => {
    const requirements = requirementsOf.get(operationId);
    if (!requirements || allowsAnyone(requirements, isOpen)) return undefined;
    return (request, reply, done) => {
      const refusal = check(request, requirements, handlers);
      if (refusal) sendProblem(reply, refusal);
      else done();
    };
  });
}

function allowsAnyone(requirements: SecurityRequirements, isOpen: IsOpen): boolean {
  return requirements.some((alternative) =>
    Object.entries(alternative).every(([scheme, scopes]) => isOpen(scheme, scopes)),
  );
}

/** One alternative is enough. If none is satisfied, the first one says why. */
function check(
  request: FastifyRequest,
  requirements: SecurityRequirements,
  handlers: SecurityHandlers,
): ErrorCode | undefined {
  const refusals = requirements.map((alternative) => {
    for (const [scheme, scopes] of Object.entries(alternative)) {
      const refusal = handlers[scheme]?.(request, scopes);
      if (refusal) return refusal;
    }
    return undefined;
  });
  return refusals.includes(undefined) ? undefined : refusals[0];
}
