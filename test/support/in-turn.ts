import type { Fetch } from '../../clients/typescript/src/index.js';

/** `fetch`, for a client of the first of these servers: each request goes to the next one. */
export function inTurn(urls: string[], send: Fetch = fetch): Fetch {
  let sent = 0;
  return (request) => {
    const path = request.url.slice(urls[0]!.length);
    return send(new Request(`${urls[sent++ % urls.length]}${path}`, request));
  };
}
