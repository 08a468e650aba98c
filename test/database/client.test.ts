import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import t, { type Test } from 'tap';
import { Client } from '../../src/database/client.js';
import { clientOptions, direct } from '../../src/database/options.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { startProxy } from '../support/proxy.js';

function openClient(t: Test, url: string): Client {
  const client = new Client({
    url: () => url,
    options: clientOptions({}, false),
    transport: direct,
    timeoutMs: 2_000,
    observer: { onDoubt: () => {}, onHung: () => {} },
  });
  t.teardown(() => client.close(0));
  return client;
}

const ask = (client: Client) => client.query((sql) => sql<{ answer: number }[]>`select 1 as answer`);

t.test('a connection breaks in the turn of the event loop in which a query is sent', async (t) => {
  const { url } = await createDatabase(t, { shape: UNDIVIDED });
  const sockets: Socket[] = [];
  const collect = (message: unknown) => sockets.push((message as { socket: Socket }).socket);
  subscribe('net.client.socket', collect);
  t.teardown(() => unsubscribe('net.client.socket', collect));
  const client = openClient(t, url);
  await ask(client);
  const failing = await new Promise<{ query: Promise<unknown> }>((resolve) => {
    setTimeout(() => {
      sockets.at(-1)?.destroy();
      // It is written now, and the socket closes at the end of this turn.
      setImmediate(() => resolve({ query: ask(client) }));
    }, 10);
  });
  await t.rejects(failing.query, { code: 'CONNECTION_CLOSED' });
  t.same(await ask(client), [{ answer: 1 }], 'the next query has a new connection');
});

t.test('a server that closes connections before it says anything is not stormed', async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.destroy();
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const client = openClient(t, `postgres://ada@127.0.0.1:${(server.address() as AddressInfo).port}/coupons`);
  const end = Date.now() + 1_000;
  while (Date.now() < end) await t.rejects(ask(client), { code: 'CONNECTION_CLOSED' });
  t.ok(connections <= 11, `${connections} connections in a second`);
});

t.test('a client that is replaced while it waits to connect leaves no connection behind', async (t) => {
  const { url, sql } = await createDatabase(t, { shape: UNDIVIDED });
  const proxy = await startProxy(t, url);
  const client = openClient(t, proxy.url);
  await proxy.close();
  await t.rejects(ask(client), { code: 'ECONNREFUSED' });
  const waiting = t.rejects(ask(client), { code: 'CONNECTION_DESTROYED' });
  await sleep(0);
  client.replace();
  await waiting;
  await proxy.open();
  await ask(client);
  await sleep(600);
  t.equal(await sessions(sql), 1);
});

async function sessions(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from pg_stat_activity
    where datname = current_database() and application_name = 'scalable-coupon-system'`;
  return row?.count ?? 0;
}
