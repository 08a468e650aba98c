import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parse } from 'yaml';
import { projectRoot } from '../db/project-root.js';
import type { components, operations } from '../generated/openapi.js';

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
  [Status in keyof operations[Id]['responses'] & number]: operations[Id]['responses'][Status] extends {
    content: Record<string, infer Body>;
  }
    ? Body
    : undefined;
};

interface RouteOf<Id extends OperationId> {
  Body: BodyOf<Id>;
  Params: operations[Id]['parameters']['path'];
  Headers: operations[Id]['parameters']['header'];
  Reply: ReplyOf<Id>;
}

export type RequestOf<Id extends OperationId> = FastifyRequest<RouteOf<Id>>;
export type ReplyFor<Id extends OperationId> = FastifyReply<RouteOf<Id>>;

/** Answers the requests of one operation. What it may send, and with which status, the contract says. */
export type Handler<Id extends OperationId> = (
  request: RequestOf<Id>,
  reply: ReplyFor<Id>,
) => Promise<ReplyFor<Id>>;

export type Handlers = { [Id in OperationId]: Handler<Id> };

interface PathItem {
  [method: string]: { operationId?: string; responses?: unknown };
}

export interface Contract {
  'x-request-body-bytes-max': number;
  paths: Record<string, PathItem>;
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** Reads openapi.yaml. */
export function readContract(): Contract {
  return parse(readFileSync(join(projectRoot, 'openapi.yaml'), 'utf8'));
}

/**
 * Checks that every operation has a handler and every handler an operation.
 * @throws Error naming each operation that lacks its other half.
 */
export function assertComplete(contract: Contract, handlers: object): void {
  const operations = new Set<string>();
  const problems: string[] = [];
  for (const [path, item] of Object.entries(contract.paths)) {
    for (const method of METHODS.filter((method) => method in item)) {
      const operationId = item[method]?.operationId;
      if (operationId === undefined) {
        problems.push(`${method.toUpperCase()} ${path} has no operationId`);
      } else if (operations.has(operationId)) {
        problems.push(`operation ${operationId} stands in openapi.yaml twice`);
      } else {
        operations.add(operationId);
        if (!Object.hasOwn(handlers, operationId)) {
          problems.push(`operation ${operationId} (${method.toUpperCase()} ${path}) has no handler`);
        }
      }
    }
  }
  for (const name of Object.keys(handlers)) {
    if (!operations.has(name)) problems.push(`handler ${name} has no operation in openapi.yaml`);
  }
  if (problems.length > 0) {
    throw new Error(`openapi.yaml and the handlers do not match: ${problems.join('; ')}`);
  }
}

/**
 * The contract as far as routes and validation are made from it. What we answer is held against the contract by
 * the compiler and by the tests, not once more for each response.
 */
export function withoutResponses(contract: Contract): Contract & Record<string, unknown> {
  const copy = structuredClone(contract);
  for (const item of Object.values(copy.paths)) {
    for (const method of METHODS) delete item[method]?.responses;
  }
  return { ...copy };
}

/** The methods that the contract has for the path of a URL, in upper case; none if it does not know the path. */
export function allowedMethods(contract: Contract, url: string): string[] {
  const path = url.split('?', 1)[0] ?? '';
  return Object.entries(contract.paths)
    .filter(([template]) => pathPattern(template).test(path))
    .flatMap(([, item]) => METHODS.filter((method) => method in item))
    .map((method) => method.toUpperCase());
}

function pathPattern(template: string): RegExp {
  const literals = template.split(/\{\w+\}/).map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literals.join('[^/]+')}$`);
}
