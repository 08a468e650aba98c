import { connect } from 'node:net';
import type { Test } from 'tap';
import type { Answer } from './app.js';
import { deviations } from './contract.js';

/**
 * Sends bytes unchanged, also those that no HTTP client sends, and reads until the server closes
 * the connection. Checks the answer against the contract of `operation`.
 */
export async function sendBytes(
  t: Test,
  url: string,
  pieces: (string | Buffer)[],
  operation = { method: 'GET', path: '/health' },
): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  // A server that has answered may stop reading. Then writing the rest of the request fails.
  socket.on('error', () => {});
  for (const piece of pieces) socket.write(piece);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  const [head = '', ...rest] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  const [statusLine = '', ...fields] = head.split('\r\n');
  const headers = new Headers(fields.map((field) => field.split(/: ?(.*)/s, 2) as [string, string]));
  const answer = { status: Number(statusLine.split(' ')[1]), headers, text: rest.join('\r\n\r\n') };
  const found = deviations({ ...operation, ...answer, body: answer.text });
  if (found.length > 0) t.fail('the answer conforms to openapi.yaml', { found, ...answer });
  return { ...answer, json: () => JSON.parse(answer.text) };
}
