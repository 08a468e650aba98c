import { deviations } from './contract.js';
import type { Scope } from './scope.js';

/** `fetch`, for a client. An answer that breaks openapi.yaml fails the test. */
export function checkedFetch(t: Scope): (request: Request) => Promise<Response> {
  return async (request) => {
    const { method, url } = request;
    const path = url.slice(new URL(url).origin.length);
    const response = await fetch(request);
    const { status, headers } = response;
    const body = await response.clone().text();
    const found = deviations({ method, path, status, headers, body });
    if (found.length > 0)
      t.fail(`${method} ${path.slice(0, 80)} conforms to openapi.yaml`, { found, status, body });
    return response;
  };
}
