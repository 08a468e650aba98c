import type { FastifyInstance } from 'fastify';

const SUMMARY_INTERVAL_MS = 10_000;

/**
 * Logs what an operator reads while a sale runs: every 10 seconds with traffic, one line that says how many
 * answers had each status. With LOG_LEVEL=debug, a line for each request comes to that; see decision 0005 for what
 * such lines cost.
 */
export function logTraffic(app: FastifyInstance): void {
  const counts: Record<number, number> = {};
  const summarize = () => {
    const answers = Object.entries(counts).filter(([, count]) => count > 0);
    if (answers.length === 0) return;
    app.log.info(
      { answers: Object.fromEntries(answers) },
      `answers of the last ${SUMMARY_INTERVAL_MS / 1000} s`,
    );
    for (const [status] of answers) counts[Number(status)] = 0;
  };
  const timer = setInterval(summarize, SUMMARY_INTERVAL_MS).unref();
  app.addHook('onClose', async () => {
    clearInterval(timer);
    summarize();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    counts[statusCode] = (counts[statusCode] ?? 0) + 1;
    const { method, url } = request;
    request.log.debug({ method, url, status: statusCode, ms: reply.elapsedTime }, 'answered');
    done();
  });
}
