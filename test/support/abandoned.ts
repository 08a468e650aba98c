import { request } from 'node:http';
import type { Client } from './app.js';
import { until } from './until.js';

/** Sends a POST whose client leaves before the answer. Returns when the server knows both. */
export async function sendAndLeave(app: Client, path: string, body: object): Promise<void> {
  const gone = request(`${app.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
  });
  gone.on('error', () => {});
  gone.end(JSON.stringify(body));
  // The request is at the server once its bytes are sent and a later request is answered.
  await until('the request is sent', () => gone.writableFinished);
  await app.request('GET', '/health');
  gone.destroy();
  await app.request('GET', '/health');
}
