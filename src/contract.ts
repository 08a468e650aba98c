import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify';
import { parse } from 'yaml';
import { projectRoot } from '../db/project-root.js';
import type { components, operations, problemCodes } from '../generated/openapi.js';

/** The contract as the program sees it: openapi.yaml at run time, generated/ at compile time. */

export type OperationId = keyof operations;
export type ErrorCode = components['schemas']['ErrorCode'];
export type Problem = components['schemas']['Problem'];

type BodyOf<Id extends OperationId> = operations[Id] extends {
  requestBody: { content: { 'application/json': infer Body } };
}
  ? Body
  : undefined;

type ReplyOf<Id extends OperationId> = {
  [Status in keyof operations[Id]['responses'] & number]: Status extends keyof problemCodes[Id]
    ? Problem & { code: problemCodes[Id][Status] }
    : operations[Id]['responses'][Status] extends { content: Record<string, infer Body> }
      ? Body
      : undefined;
};

/** The codes of the problems that a route may answer. All codes, if its type says nothing of its replies. */
export type CodesOf<Route extends RouteGenericInterface> =
  Extract<Route['Reply'] extends infer Reply ? Reply[keyof Reply] : never, Problem> extends {
    code: infer Code extends ErrorCode;
  }
    ? Code
    : ErrorCode;

/** The status that the contract gives to a code. Any, if no operation answers with the code. */
export type StatusOf<Code extends ErrorCode> = [StatusIn<Code>] extends [never] ? number : StatusIn<Code>;

type StatusIn<Code extends ErrorCode> = {
  [Id in OperationId]: {
    [Status in keyof problemCodes[Id]]: Code extends problemCodes[Id][Status] ? Status : never;
  }[keyof problemCodes[Id]];
}[OperationId];

interface RouteOf<Id extends OperationId> {
  Body: BodyOf<Id>;
  Params: operations[Id]['parameters']['path'];
  Querystring: NonNullable<operations[Id]['parameters']['query']>;
  Headers: operations[Id]['parameters']['header'];
  Reply: ReplyOf<Id>;
}

export type RequestOf<Id extends OperationId> = FastifyRequest<RouteOf<Id>>;
export type ReplyFor<Id extends OperationId> = FastifyReply<RouteOf<Id>>;

/**
 * Answers the requests of one operation, with the statuses and bodies that the contract allows. A handler
 * that returns no promise answers by itself, also errors.
 */
export type Handler<Id extends OperationId> = (
  request: RequestOf<Id>,
  reply: ReplyFor<Id>,
) => Promise<ReplyFor<Id>> | undefined;

export type Handlers = { [Id in OperationId]: Handler<Id> };

/** A request must satisfy one element: all schemes in it, with their scopes. */
export type SecurityRequirements = Record<string, string[]>[];

/** A `$ref` has neither `name` nor `in`. */
interface Parameter {
  name?: string;
  in?: string;
}

export interface Operation {
  operationId?: string;
  tags?: string[];
  parameters?: Parameter[];
  security?: SecurityRequirements;
  responses?: unknown;
  /**
   * The code for a path parameter that breaks its schema: of a 404, because nothing has such a name, or
   * `invalid_request`.
   */
  'x-invalid-path-code'?: ErrorCode;
}

export interface Contract {
  'x-request-body-bytes-max': number;
  'x-request-head-bytes-max': number;
  'x-request-ms-max': number;
  security?: SecurityRequirements;
  paths: Record<string, Record<string, Operation>>;
  components?: { parameters?: Record<string, Parameter>; responses?: Record<string, object> };
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** Reads openapi.yaml. */
export function readContract(): Contract {
  return parse(readFileSync(join(projectRoot, 'openapi.yaml'), 'utf8'));
}

/** An operation and where it stands. */
export interface Entry {
  method: string;
  path: string;
  operation: Operation;
}

/** All operations of the contract; methods are in upper case. */
export function operationsOf(contract: Contract): Entry[] {
  return Object.entries(contract.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method: method.toUpperCase(), path, operation }] : [];
    }),
  );
}

/**
 * Checks that every operation has a handler and every handler an operation, and that the contract
 * says all that the program reads from it.
 * @throws Error that names each operation with a fault.
 */
export function assertComplete(contract: Contract, handlers: object): void {
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const { method, path, operation } of operationsOf(contract)) {
    const { operationId } = operation;
    if (operationId === undefined) {
      faults.push(`${method} ${path} has no operationId`);
      continue;
    }
    if (seen.has(operationId)) faults.push(`operationId ${operationId} occurs twice`);
    else if (!Object.hasOwn(handlers, operationId)) {
      faults.push(`operation ${operationId} (${method} ${path}) has no handler`);
    }
    if (path.includes('{') && operation['x-invalid-path-code'] === undefined) {
      faults.push(`operation ${operationId} (${method} ${path}) has no x-invalid-path-code`);
    }
    seen.add(operationId);
  }
  for (const name of Object.keys(handlers)) {
    if (!seen.has(name)) faults.push(`handler ${name} has no operation`);
  }
  if (faults.length > 0) {
    throw new Error(`openapi.yaml and the handlers do not match: ${faults.join('; ')}`);
  }
}

/**
 * The part of the contract that routes and validators are made from. Responses are left out: the
 * compiler and the tests hold them against the contract, the server does not check them again.
 * Security is left out, too: http/security.ts checks it earlier than fastify-openapi-glue would.
 */
export function forRouting(contract: Contract): Contract & Record<string, unknown> {
  const { security: _security, ...copy } = structuredClone(contract);
  for (const { operation } of operationsOf(copy)) {
    delete operation.responses;
    delete operation.security;
    operation.parameters?.forEach(lowerCaseHeader);
  }
  Object.values(copy.components?.parameters ?? {}).forEach(lowerCaseHeader);
  return copy;
}

/** Node.js hands over the names of headers in lower case. */
function lowerCaseHeader(parameter: Parameter): void {
  if (parameter.in === 'header' && parameter.name) parameter.name = parameter.name.toLowerCase();
}

/**
 * The methods that the contract has for a path of it. `/coupons/claim` is a path of `/coupons/{name}`, too.
 */
export function allowedMethods(contract: Contract, path: string): string[] {
  return operationsOf(contract)
    .filter((entry) => pathPattern(entry.path).test(path))
    .map(({ method }) => method);
}

function pathPattern(template: string): RegExp {
  const literals = template.split(/\{\w+\}/).map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('[^/]+')}$`);
}
