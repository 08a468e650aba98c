import postgres from 'postgres';
import t from 'tap';
import { breaksConstraint, isOutcomeUnknown } from '../../src/database/errors.js';

// The types of postgres.js hide that its constructor takes the fields of the message.
const PostgresError = postgres.PostgresError as unknown as new (fields: object) => postgres.PostgresError;
const errorOf = (code: string, severity = 'ERROR', fields = {}) =>
  new PostgresError({ message: 'x', code, severity, severity_local: severity, ...fields });

t.test('after an error of a statement, its outcome is known: it was rolled back', async (t) => {
  for (const code of ['40P01', '55P03', '57014', '42P01', '53100', '25006', 'XX000']) {
    t.notOk(isOutcomeUnknown(errorOf(code)), code);
  }
});

t.test(
  'an error of a coordinator that lost a node leaves the outcome unknown: the node may have committed',
  async (t) => {
    for (const code of ['08006', '08000', '08003', '57P01', '57P02'])
      t.ok(isOutcomeUnknown(errorOf(code)), code);
  },
);

t.test('if a coordinator got no connection to the node, nothing was sent', async (t) => {
  const lost = 'connection to the remote node postgres@node:5432 failed with the following error: ';
  for (const [reason, isUnknown] of [
    ['could not translate host name "node" to address: Name or service not known', false],
    ['Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?', false],
    ['No route to host', false],
    ['connection to server at "10.0.0.1", port 5432 failed: Network is unreachable', false],
    ['FATAL:  the database system is starting up', false],
    ['could not receive data from server: No route to host', true],
    ['could not send data to server: Connection refused', true],
    ['FATAL:  terminating connection due to administrator command', true],
    ['connection not open', true],
    ['server closed the connection unexpectedly', true],
    ['could not receive data from server: Connection reset by peer', true],
  ] as const) {
    t.equal(isOutcomeUnknown(errorOf('08006', 'ERROR', { message: lost + reason })), isUnknown, reason);
  }
});

t.test('after the end of a connection, the outcome is unknown, unless nothing was sent', async (t) => {
  t.ok(isOutcomeUnknown(errorOf('57P01', 'FATAL')));
  t.notOk(isOutcomeUnknown(errorOf('57P03', 'FATAL')));
});

t.test('a constraint is known by its name, or by the message of a shard of Citus', async (t) => {
  const name = 'claims_coupon_name_fkey';
  const message = `update or delete on table "coupons_102009" violates foreign key constraint "${name}_102008"`;
  t.ok(breaksConstraint(errorOf('23503', 'ERROR', { constraint_name: name }), name));
  t.ok(breaksConstraint(errorOf('23503', 'ERROR', { message }), name));
  t.notOk(breaksConstraint(errorOf('23503', 'ERROR', { message }), 'coupons_start_before_end'));
  t.notOk(breaksConstraint(errorOf('23503', 'ERROR', { constraint_name: 'another', message }), name));
  t.notOk(breaksConstraint(errorOf('42601', 'ERROR', { message }), name), 'a message about something else');
  t.notOk(breaksConstraint(new Error(message), name));
});
