import type { Fault } from './plan.js';
import type { Server } from './server.js';
import type { World } from './world.js';

/** Breaks something. */
export function breakIt(world: World, servers: readonly Server[], fault: Fault): void {
  const { clock, postgres, sessions } = world;
  const { now } = clock;
  const session = 'lane' in fault ? servers[fault.server - 1]?.clients[fault.lane - 1]?.session : undefined;
  world.note?.(describe(fault, world));
  switch (fault.kind) {
    case 'cut':
      if (fault.how === 'terminate' || fault.how === 'vanish') session?.end(fault.how === 'terminate');
      else session?.reset(fault.how === 'resetLosing');
      return;
    case 'stall':
      session?.stall(fault.ms);
      return;
    case 'fail':
      session?.fail(fault.code);
      return;
    case 'slow':
      postgres.slowUntil = now + fault.ms;
      postgres.slowMs = fault.extraMs;
      return;
    case 'crash':
      for (const session of sessions) session.end(true);
      postgres.refusal = 'ECONNREFUSED';
      postgres.refusesUntil = now + fault.ms;
      // Before PostgreSQL accepts connections, it says that it is starting up.
      clock.after(fault.ms / 2, () => (postgres.refusal = '57P03'));
      return;
    case 'refuse':
      postgres.refusal = fault.code;
      postgres.refusesUntil = now + fault.ms;
      return;
    case 'readOnly':
      postgres.readOnlyUntil = now + fault.ms;
  }
}

function describe(fault: Fault, world: World): string {
  const lane = 'lane' in fault ? world.laneName(fault.server, fault.lane) : '';
  switch (fault.kind) {
    case 'cut':
      return {
        terminate: `PostgreSQL ends the connection of ${lane}`,
        vanish: `PostgreSQL ends the connection of ${lane}, which does not learn of it`,
        reset: `${lane} loses its connection, and PostgreSQL goes on with what it has`,
        resetLosing: `${lane} loses its connection and what is on the way, and PostgreSQL goes on`,
      }[fault.how];
    case 'stall':
      return `nothing passes the connection of ${lane}, for ${fault.ms} ms`;
    case 'fail':
      return `the statement of ${lane}, or else its next one, fails with ${fault.code}`;
    case 'slow':
      return `every step of a statement takes ${fault.extraMs} ms longer, for ${fault.ms} ms`;
    case 'crash':
      return `PostgreSQL is killed, and is back after ${fault.ms} ms`;
    case 'refuse':
      return `no new connection is made for ${fault.ms} ms: ${fault.code}`;
    case 'readOnly':
      return `the database is read-only for ${fault.ms} ms`;
  }
}
