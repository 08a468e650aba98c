import fc, { type Arbitrary } from 'fast-check';
import type { ErrorCode } from '../../src/contract.js';
import { anyRequest, type Expected, type HostileRequest } from './requests.js';

/** How requests are put on the wire, and what may go wrong there. */

/** Bytes that are answered at most once. */
export interface Item {
  bytes: Buffer;
  /** The request that the bytes carry, if they carry one that the server can read. */
  request?: HostileRequest;
  expected: Expected[] | undefined;
  /** The answer carries this id. Undefined: the server makes one. */
  id: string | undefined;
  /** The server closes the connection after the answer. */
  closes: boolean;
  /** Any answer is right, or none, as long as it keeps to the contract. */
  isMutated?: boolean;
}

/** What a connection sends: items, in pieces that end at any byte. */
export interface Conversation {
  items: Item[];
  pieces: Buffer[];
}

let ids = 0;
const newId = () => `hostile-${(++ids).toString(36)}`;

interface Framing {
  chunkSizes: number[];
  chunkExtension: string;
  trailer: string;
  noise: string[];
  fault: Fault;
}

type Fault = 'none' | 'host' | 'coding' | 'encoding' | 'type';
const refusals: Record<Exclude<Fault, 'none'>, { status: number; code: ErrorCode; lines: string[] }> = {
  host: { status: 400, code: 'malformed_http', lines: ['Host: other'] },
  coding: { status: 501, code: 'not_implemented', lines: [] },
  encoding: { status: 415, code: 'unsupported_media_type', lines: ['Content-Encoding: gzip'] },
  type: { status: 400, code: 'malformed_http', lines: ['Content-Type: a/b', 'content-type: c/d'] },
};

const framing: Arbitrary<Framing> = fc.record({
  // Empty: the body comes with its length.
  chunkSizes: fc.oneof(
    fc.constant<number[]>([]),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
  ),
  chunkExtension: fc.constantFrom('', '', ';a=b', ';a="b;c"'),
  trailer: fc.constantFrom('', '', 'X-Trailer: 1\r\n'),
  noise: fc.subarray([
    'Accept: */*',
    'accept: text/html',
    'Accept: text/csv;q=0.9',
    'Accept: application/x-ndjson',
    'X-Empty:',
    'X-Spaces:  \t a \t',
    'Expect: 100-continue',
    'Cookie: a=b',
    'Upgrade: h2c',
  ]),
  fault: fc.oneof(
    { weight: 30, arbitrary: fc.constant<Fault>('none') },
    { weight: 3, arbitrary: fc.constantFrom<Fault>('host', 'coding', 'encoding', 'type') },
  ),
});

const plainItem: Arbitrary<Item> = fc
  .tuple(anyRequest(), framing)
  .map(([request, how]) => frame(request, how));

function frame(
  request: HostileRequest,
  { chunkSizes, chunkExtension, trailer, noise, fault }: Framing,
): Item {
  const { method, target, headers, body } = request;
  const isChunked = body !== undefined && chunkSizes.length > 0;
  const takesBody = request.call !== undefined && body !== undefined;
  const applies =
    fault !== 'none' && (fault !== 'coding' || isChunked) && (fault !== 'encoding' || takesBody);
  const refusal = applies ? refusals[fault] : undefined;
  const id = newId();
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    `X-Request-Id: ${id}`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    // With a body, a refusal by the head closes the connection. test/http/strict-http.test.ts has that.
    ...noise.filter((line) => !body || !line.startsWith('Expect')),
    ...(refusal?.lines ?? []),
  ];
  if (isChunked)
    lines.push(`Transfer-Encoding: ${applies && fault === 'coding' ? 'gzip, chunked' : 'chunked'}`);
  else if (body) lines.push(`Content-Length: ${body.length}`);
  const sent =
    body && isChunked ? chunks(body, chunkSizes, chunkExtension, trailer) : (body ?? Buffer.alloc(0));
  const expected = refusal ? [{ status: refusal.status, code: refusal.code }] : request.expected;
  return {
    bytes: Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), sent]),
    request: refusal ? { ...request, expected } : request,
    expected,
    id,
    closes: false,
  };
}

function chunks(body: Buffer, sizes: number[], extension: string, trailer: string): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0, i = 0; at < body.length; i++) {
    // The last size repeats, and grows: a large body does not come in thousands of chunks.
    const chunk = body.subarray(at, at + (sizes[i] ?? Math.max(40, body.length >> 3)));
    at += chunk.length;
    parts.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

/** Bytes behind which the server cannot tell where the next request starts. */
const fatalItem: Arbitrary<Item> = fc.oneof(
  fc
    .constantFrom(
      'garbage\r\n\r\n',
      '\x16\x03\x01\x00\xa5',
      '}',
      'GET health HTTP/1.1\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET /health HTTP/1.1\r\nHost : x\r\n\r\n',
      'GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n',
      'POST /api/coupons HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
      'POST /api/coupons HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    )
    .map((bytes): Item => fatal(bytes, 400, 'malformed_http')),
  fc.constant(
    fatal(`GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431, 'headers_too_large'),
  ),
  fc.constant(fatal('CONNECT localhost:443 HTTP/1.1\r\nHost: x\r\n\r\n', 501, 'not_implemented')),
);

function fatal(bytes: string, status: number, code: ErrorCode): Item {
  return { bytes: Buffer.from(bytes, 'latin1'), expected: [{ status, code }], id: undefined, closes: true };
}

/** A request of which bytes were changed, added, removed or repeated. */
const mutatedItem: Arbitrary<Item> = fc
  .tuple(
    plainItem,
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 20 }), fc.uint8Array({ maxLength: 4 }), fc.boolean()), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([item, changes]) => {
    let bytes = item.bytes;
    for (const [at, count, added, repeats] of changes) {
      const start = at % (bytes.length + 1);
      const piece = repeats ? bytes.subarray(start, start + 5 * count) : added;
      bytes = Buffer.concat([bytes.subarray(0, start), piece, bytes.subarray(start + (repeats ? 0 : count))]);
    }
    return { ...item, bytes, isMutated: true };
  });

/** Generates what one connection sends. */
export function anyConversation(itemsMax: number): Arbitrary<Conversation> {
  const last = fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fatalItem },
    { weight: 1, arbitrary: mutatedItem },
  );
  return fc
    .record({
      items: fc.array(plainItem, { minLength: 1, maxLength: itemsMax, size: 'max' }),
      last,
      cuts: fc.oneof(
        { weight: 4, arbitrary: fc.array(fc.nat(), { maxLength: 6 }) },
        { weight: 1, arbitrary: fc.constant('every byte' as const) },
      ),
    })
    .map(({ items, last, cuts }) => {
      const all = last ? [...items, last] : items;
      const bytes = Buffer.concat(all.map((item) => item.bytes));
      return { items: all, pieces: split(bytes, cuts) };
    });
}

const SINGLE_BYTES_MAX = 500;

function split(bytes: Buffer, cuts: number[] | 'every byte'): Buffer[] {
  const at =
    cuts === 'every byte'
      ? Array.from({ length: Math.min(bytes.length, SINGLE_BYTES_MAX) }, (_, i) => i)
      : cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
  return [...at, bytes.length]
    .map((end, i) => bytes.subarray(at[i - 1] ?? 0, end))
    .filter((piece) => piece.length > 0);
}
