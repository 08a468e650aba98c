import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import { freePort } from '../../db/embedded/free-port.js';

/** No system chooses lower ones by itself. */
const FIRST_EPHEMERAL_PORT = 32_768;

t.test('who asks at the same time gets another port, none of which the system would give away', async (t) => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort));
  t.equal(new Set(ports).size, ports.length);
  t.ok(ports.every((port) => port < FIRST_EPHEMERAL_PORT));
  for (const port of ports) {
    const server = createServer().listen(port, '127.0.0.1');
    t.teardown(() => server.close());
    await once(server, 'listening');
  }
});
