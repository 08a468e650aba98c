import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
}

/** The answer to a request was lost. `code` says how. */
export class Lost extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the answer was lost: ${code}`);
    this.code = code;
  }
}

/** Connections of one client that stay open between its requests. */
export const keptAlive = () => new Agent({ keepAlive: true, maxSockets: 2 });

/**
 * Sends a request and reads its answer.
 * @param timeoutMs after which the client breaks the connection.
 * @throws Lost.
 */
export async function exchange(
  agent: Agent,
  url: string,
  {
    method = 'GET',
    body,
    headers = {},
  }: { method?: string; body?: object; headers?: Record<string, string> },
  timeoutMs: number,
): Promise<Reply> {
  const content = body && JSON.stringify(body);
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await new Promise<Reply>((resolve, reject) => {
      const sent = request(url, {
        method,
        agent,
        signal,
        headers: content ? { 'Content-Type': 'application/json', ...headers } : headers,
      });
      sent.once('error', reject);
      sent.once('response', (response) => {
        text(response).then(
          (text) =>
            resolve({
              status: response.statusCode ?? 0,
              headers: new Headers(response.headers as never),
              text,
            }),
          reject,
        );
      });
      sent.end(content);
    });
  } catch (error) {
    throw new Lost(signal.aborted ? 'TIMEOUT' : ((error as NodeJS.ErrnoException).code ?? String(error)));
  }
}
