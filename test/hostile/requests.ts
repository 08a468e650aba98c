import { isUtf8 } from 'node:buffer';
import { METHODS } from 'node:http';
import fc, { type Arbitrary } from 'fast-check';
import { allowedMethods, type ErrorCode, type Operation, operationsOf } from '../../src/contract.js';
import { problemKinds } from '../../src/http/problem-kinds.js';
import { bodyOf } from './json.js';
import { anyCursor } from './lists.js';
import {
  brokenFields,
  contract,
  invalidValue,
  objectOf,
  resolve,
  type Schema,
  validValue,
} from './values.js';

/** Requests for the operations of openapi.yaml, and what they must be answered. */

export interface Expected {
  status: number;
  code: ErrorCode;
  /** The sentence names one of them. */
  fields?: string[];
  headers?: Record<string, string>;
}

export interface HostileRequest {
  method: string;
  target: string;
  /** The path by which the contract knows it. */
  path: string;
  headers: [name: string, value: string][];
  body: Buffer | undefined;
  /**
   * What is answered, one of them. Undefined: the request is valid, and its answer depends on the database.
   */
  expected: Expected[] | undefined;
  /** The operation and its input, if the request is valid. */
  call?: Call;
}

export interface Call {
  operationId: string;
  /** Of the path and the body. */
  input: Record<string, string>;
  query: Record<string, string>;
  key: string | undefined;
  /** Of a request with many claims. */
  claims?: Record<string, string>[];
}

interface FullOperation extends Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
}

/** Mostly valid, so that a request has one fault at a time. */
const nearlyValid = (schema: Schema): Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: validValue(schema) }, { weight: 1, arbitrary: invalidValue(schema) });

/** Generates a value once in `times` times. */
const sometimes = <T>(times: number, arbitrary: Arbitrary<T>): Arbitrary<T | undefined> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const mediaType = fc.oneof(
  { weight: 20, arbitrary: fc.constant('application/json') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/json;a="b,c"',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('text/plain', 'application/jsonp', '*/*', 'json', '', 'application/json, a/b'),
  },
);
const isJsonType = (type: string) => /^application\/json *(;|$)/i.test(type);

/** Generates requests for all operations, other methods and unknown paths. */
export function anyRequest(): Arbitrary<HostileRequest> {
  const operations = operationsOf(contract).map(({ method, path, operation }) =>
    requestFor(method, path, operation as FullOperation),
  );
  return fc.oneof(
    ...operations.map((arbitrary) => ({ weight: 10, arbitrary })),
    { weight: 3, arbitrary: otherMethod() },
    { weight: 2, arbitrary: unknownPath() },
  );
}

function requestFor(method: string, path: string, operation: FullOperation): Arbitrary<HostileRequest> {
  const parameters = (operation.parameters ?? []).map((parameter) => resolve<Parameter>(parameter));
  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  const inHeader = parameters.filter((parameter) => parameter.in === 'header');
  const bodySchema = operation.requestBody?.content['application/json']?.schema;
  const schema = bodySchema && resolve<Schema>(bodySchema as Schema | { $ref: string });
  return fc
    .record({
      path: fc.tuple(...inPath.map((parameter) => nearlyValid(parameter.schema).map(pathText))),
      query: fc.tuple(...inQuery.map((parameter) => sometimes(2, queryText(parameter)))),
      unknownQuery: sometimes(15, fc.constantFrom('x=1', '__proto__=1', 'name=a&name=b', '%ff')),
      headers: fc.tuple(...inHeader.map(({ schema }) => sometimes(2, nearlyValid(schema).map(headerText)))),
      body: schema ? bodyFor(schema) : fc.constant(undefined),
      type: mediaType,
    })
    .map((parts) => {
      const names = path.match(/\{\w+\}/g) ?? [];
      const encoded = names.reduce(
        (url, name, i) => url.replace(name, () => encodeURIComponent(parts.path[i] ?? '')),
        path,
      );
      const query = Object.fromEntries(
        inQuery.flatMap(({ name }, i) => (parts.query[i] === undefined ? [] : [[name, parts.query[i]]])),
      ) as Record<string, string>;
      const queries = Object.entries(query).map(([name, text]) => `${name}=${encodeURIComponent(text)}`);
      if (parts.unknownQuery) queries.push(parts.unknownQuery);
      const headers = inHeader.flatMap(({ name }, i): [string, string][] => {
        const value = parts.headers[i];
        return value === undefined ? [] : [[name, value]];
      });
      const sent = schema ? [...headers, ['Content-Type', parts.type] as [string, string]] : headers;
      const pathFields = inPath.filter(({ schema }, i) => brokenFields(schema, parts.path[i]).length > 0);
      const queryFields = inQuery.filter(
        ({ name, schema }) => query[name] !== undefined && isQueryBroken(schema, query[name]),
      );
      const broken = [
        ...(pathFields.length > 0 ? [invalidPath(operation, pathFields)] : []),
        ...queryFields.map(({ name }): Expected => invalidField(name)),
        ...(parts.unknownQuery ? [{ status: 400, code: 'invalid_request' as const }] : []),
        ...inHeader.flatMap(({ name, schema }, i): Expected[] => {
          const value = parts.headers[i];
          if (value === undefined || brokenFields(schema, value).length === 0) return [];
          return [invalidField(name.toLowerCase())];
        }),
      ];
      const input = Object.fromEntries(inPath.map(({ name }, i) => [name, parts.path[i] as string]));
      const ofBody = schema ? judgeBody(schema, parts.body, parts.type) : undefined;
      const expected = ofBody?.first ? [ofBody.first] : [...broken, ...(ofBody?.broken ?? [])];
      const key = inHeader.findIndex(({ name }) => name === 'Idempotency-Key');
      return {
        method,
        target: encoded + (queries.length > 0 ? `?${queries.join('&')}` : ''),
        path: encoded,
        headers: sent,
        body: parts.body,
        expected: expected.length > 0 ? expected : undefined,
        call: {
          operationId: String(operation.operationId),
          input: { ...input, ...(ofBody?.value as object) },
          query,
          key: key === -1 ? undefined : parts.headers[key],
          ...claimsIn(ofBody?.value),
        },
      };
    });
}

/** Of an invalid request, it may be anything. */
function claimsIn(body: unknown): Pick<Call, 'claims'> {
  const { claims } = (body ?? {}) as Pick<Call, 'claims'>;
  return claims ? { claims } : {};
}

const invalidField = (...fields: string[]): Expected => ({ status: 400, code: 'invalid_request', fields });

/** Usually no thing has such a name. Otherwise the sentence names the parameter. */
function invalidPath(operation: Operation, broken: Parameter[]): Expected {
  const code = operation['x-invalid-path-code'] as ErrorCode;
  if (code === 'invalid_request') return invalidField(...broken.map(({ name }) => name));
  return { status: problemKinds[code].status, code };
}

/** Generates the text of a query parameter. No text is a number that is spelt unusually. */
function queryText({ name, schema }: Parameter): Arbitrary<string> {
  // The log is empty at times: such a request would wait for as long as it may.
  if (name === 'wait') return fc.constantFrom('0', '-1', '31', '0.5', 'x');
  const invalid = fc.constantFrom('', '-1', '0', '1001', '1.5', 'TRUE', 'null', 'a,b', '🎟', '\0', '[]');
  const valid = validValue(schema).map((value) => String(value).toWellFormed());
  return fc.oneof(
    { weight: 9, arbitrary: valid },
    { weight: 1, arbitrary: invalid },
    ...(name === 'cursor' ? [{ weight: 20, arbitrary: anyCursor }] : []),
  );
}

/** The server coerces a text to the type of the contract. */
function isQueryBroken(reference: Schema, text: string): boolean {
  const { type } = resolve<Schema>(reference as Schema | { $ref: string });
  if (type === 'integer' && /^-?\d+$/.test(text)) return brokenFields(reference, Number(text)).length > 0;
  if (type === 'boolean' && /^(true|false)$/.test(text)) return false;
  return brokenFields(reference, text).length > 0;
}

function bodyFor(schema: Schema): Arbitrary<Buffer> {
  const unknownField = sometimes(12, fc.tuple(fc.string({ maxLength: 100 }), fc.jsonValue({ maxDepth: 1 })));
  const missingField = sometimes(12, fc.constantFrom(...(schema.required ?? [''])));
  const object = fc
    .tuple(objectOf(schema, nearlyValid), unknownField, missingField)
    .map(([value, added, missing]) => {
      const fields = Object.entries(value).filter(([name]) => name !== missing);
      return Object.fromEntries(added ? [...fields, added] : fields);
    });
  return bodyOf(
    fc.oneof({ weight: 30, arbitrary: object }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) }),
  );
}

/** Judges a body by its bytes. `first` is found before anything else of the request is judged. */
function judgeBody(
  schema: Schema,
  body: Buffer | undefined,
  type: string,
): { first?: Expected; broken: Expected[]; value?: unknown } {
  if (!isJsonType(type)) return { first: { status: 415, code: 'unsupported_media_type' }, broken: [] };
  let value: unknown;
  try {
    if (!body || !isUtf8(body)) throw new Error();
    value = JSON.parse(body.toString());
  } catch {
    return { first: { status: 400, code: 'invalid_body' }, broken: [] };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { broken: [{ status: 400, code: 'invalid_body' }] };
  }
  const fields = brokenFields(schema, value);
  return { value, broken: fields.length > 0 ? [{ status: 400, code: 'invalid_request', fields }] : [] };
}

function otherMethod(): Arbitrary<HostileRequest> {
  const paths = [...new Set(operationsOf(contract).map(({ path }) => path))];
  // A HEAD has no body that could be read, and CONNECT no path: other tests have them.
  return fc.constantFrom(...paths).chain((template) => {
    const allowed = allowedMethods(contract, template);
    const others = METHODS.filter((method) => !['HEAD', 'CONNECT', ...allowed].includes(method));
    const path = template.replace(/\{\w+\}/g, 'x');
    return fc
      .record({ method: fc.constantFrom(...others), body: sometimes(2, fc.constant(Buffer.from('{'))) })
      .map((parts) => ({
        ...parts,
        target: path,
        path,
        headers: [],
        expected: [
          { status: 405, code: 'method_not_allowed' as const, headers: { allow: allowed.join(', ') } },
        ],
      }));
  });
}

function unknownPath(): Arbitrary<HostileRequest> {
  const path = fc.constantFrom(
    '/index.html',
    '/nowhere',
    '/api',
    '/health/',
    '/HEALTH',
    '//health',
    '/api/coupons/a/b/c',
    '/.env',
  );
  return fc.record({ method: fc.constantFrom('GET', 'POST', 'DELETE'), path }).map((parts) => ({
    ...parts,
    target: parts.path,
    headers: [],
    body: undefined,
    expected: [{ status: 404, code: 'path_not_found' as const }],
  }));
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** A path has well-formed text, and fits into a head. */
const pathText = (value: unknown) => textOf(value).slice(0, 600).toWellFormed();

/** A header has visible characters, spaces and the upper half of Latin-1, but no space at its ends. */
const headerText = (value: unknown) =>
  textOf(value)
    .replace(/[^ -~\xa0-\xff]/g, '')
    .trim();
