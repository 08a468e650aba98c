import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, onResponseHookHandler } from 'fastify';
import type { OperationId } from '../contract.js';
import { BackPressure } from './back-pressure.js';
import { beforeBody, operationIdOf } from './before-body.js';
import { Pacer } from './pacer.js';
import { sendProblem } from './problems.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Of an application that sheds load. */
    backPressure?: BackPressure;
  }
}

/** Of the whole process: its event loop is what they share. */
const refusals = new Pacer();

/** For each second of Retry-After beyond the first, so many clients wait. */
const CLIENTS_PER_SECOND = 1_000;
const RETRY_AFTER_SECONDS_MAX = 5;
const PROXY_HEADERS = ['x-forwarded-for', 'forwarded', 'via'];

/**
 * Answers 503 `overloaded`: now, or in a few seconds if there are many such answers. The more clients wait, the
 * longer is Retry-After: fewer of them come back at once.
 */
export function refuse(reply: FastifyReply): void {
  refusals.pace(() => {
    const waiting = refusals.held + (reply.server.backPressure?.unread ?? 0);
    const seconds = Math.min(1 + Math.floor(waiting / CLIENTS_PER_SECOND), RETRY_AFTER_SECONDS_MAX);
    sendProblem(reply.header('Retry-After', String(seconds)), 'overloaded');
  });
}

/**
 * Refuses the requests of operations while there is no room, before their bodies are read: then a refusal
 * costs little, and holds little memory. Meanwhile, connections that have been answered are not read.
 * Routes must be added after this call.
 */
export function shedLoad(app: FastifyInstance, operationIds: OperationId[], room: () => number): void {
  const backPressure = new BackPressure(room);
  app.decorate('backPressure', backPressure);
  const isShed = (id: string) => operationIds.some((operationId) => operationId === id);
  beforeBody(app, (id) => {
    if (!isShed(id)) return undefined;
    return (_request, reply, done) => {
      if (room() <= 0) refuse(reply);
      else done();
    };
  });
  const takeTurn: onResponseHookHandler = ({ raw }, reply, done) => {
    if (backPressure.isNeeded && !isOfProxy(raw)) {
      const askedAt = performance.now() - reply.elapsedTime;
      const retryAfter = reply.problemCode === 'overloaded' ? Number(reply.getHeader('Retry-After')) : 0;
      const take = () => backPressure.takeTurn(raw.socket, askedAt, retryAfter * 1_000);
      // Node.js reads the connection as long as it skips a body.
      if (raw.readableEnded) take();
      else raw.once('end', take);
    }
    done();
  };
  app.addHook('onRoute', (route) => {
    if (isShed(operationIdOf(route))) route.onResponse = [route.onResponse ?? [], takeTurn].flat();
  });
  app.addHook('preClose', () => backPressure.release());
}

/** Whether the connection is that of a proxy: it carries the requests of many clients, and not only claims. */
function isOfProxy({ headers }: IncomingMessage): boolean {
  return PROXY_HEADERS.some((name) => headers[name] !== undefined);
}
