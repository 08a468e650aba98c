import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../claims/waiting-requests.js';

/**
 * The client that waits for a response. The connection is asked, because a response behind another one does
 * not learn that it is closed.
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
