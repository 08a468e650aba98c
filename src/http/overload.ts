import type { FastifyInstance, FastifyReply } from 'fastify';
import type { OperationId } from '../contract.js';
import { beforeBody } from './before-body.js';
import { Pacer } from './pacer.js';
import { sendProblem } from './problems.js';

/** Of the whole process: its event loop is what they share. */
const refusals = new Pacer();

/** For each second of Retry-After beyond the first, so many refusals are held. */
const HELD_PER_SECOND = 1_000;
const RETRY_AFTER_SECONDS_MAX = 5;

/** A request that has waited so long is not held as well: its client cannot retry often. */
const WAITED_MS = 1_000;

/**
 * Answers 503 `overloaded`: now, or in a few seconds if there are many such answers. Then Retry-After
 * is longer, too: fewer of these clients come back at once.
 */
export function refuse(reply: FastifyReply): void {
  const send = () => {
    const seconds = Math.min(1 + Math.floor(refusals.held / HELD_PER_SECOND), RETRY_AFTER_SECONDS_MAX);
    sendProblem(reply.header('Retry-After', String(seconds)), 'overloaded');
  };
  if (reply.elapsedTime > WAITED_MS) send();
  else refusals.pace(send);
}

/**
 * Refuses the requests of operations while `isFull`, before their bodies are read: then a refusal
 * costs little, and holds little memory. Routes must be added after this call.
 */
export function shedLoad(app: FastifyInstance, operationIds: OperationId[], isFull: () => boolean): void {
  beforeBody(app, (id) => {
    if (!operationIds.some((operationId) => operationId === id)) return undefined;
    return (_request, reply, done) => {
      if (isFull()) refuse(reply);
      else done();
    };
  });
}
