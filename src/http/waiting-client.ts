import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../claims/waiting-requests.js';

/**
 * The client that waits for a response. A response behind another one of its connection does not learn that the
 * connection is closed, so the connection is asked.
 */
export class WaitingClient implements Caller {
  readonly response: ServerResponse;
  readonly #request: IncomingMessage;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.response = response;
  }

  get destroyed(): boolean {
    return this.#request.socket.destroyed;
  }
}
