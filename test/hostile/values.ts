import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc, { type Arbitrary } from 'fast-check';
import { type Contract, readContract } from '../../src/contract.js';

/** Values for the schemas of openapi.yaml. A field that is new in the contract is covered by itself. */

/** The keywords of JSON Schema that the generators read. Others only decide what is valid. */
export interface Schema {
  $ref?: string;
  allOf?: [Schema];
  anyOf?: Schema[];
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  required?: string[];
  properties?: Record<string, Schema>;
}

export const contract = readContract() as Contract & Record<string, unknown>;

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addFormat('well-formed', (text: string) => text.isWellFormed());
ajv.addFormat('int32', true);
ajv.addSchema(contract, 'openapi.yaml');

/** Texts that requests have in common, so that they meet: a coupon is created, read and sold out. */
export const shared = ['SALE', 'claim', 'a', '🎟', 'a/b?c#d%', '__proto__'];

/** Of a generated array: fewer than the contract allows. */
const ITEMS_MAX = 5;

/** Some sales are open, and some are not. */
const YEARS = { min: new Date('1990-01-01'), max: new Date('2060-01-01') };

const validators = new Map<Schema, ReturnType<typeof ajv.compile>>();

/** Returns the fields of a value that break the schema. An empty list: the value is valid. */
export function brokenFields(schema: Schema, value: unknown): string[] {
  let validate = validators.get(schema);
  if (!validate) {
    validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.yaml#/')));
    validators.set(schema, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ keyword, params, instancePath }) => {
    const path = instancePath
      .slice(1)
      .replace(/\/(\d+)/g, '[$1]')
      .replaceAll('/', '.');
    if (keyword === 'required') return `${path && `${path}.`}${params['missingProperty']}`;
    if (keyword === 'additionalProperties') return params['additionalProperty'];
    return path;
  });
}

export function resolve<T extends object>(value: T | { $ref: string }): T {
  if (!('$ref' in value) || value.$ref === undefined) return value as T;
  const steps = String(value.$ref).slice(2).split('/');
  return steps.reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], contract) as T;
}

/** Generates values that keep to the schema. */
export function validValue(reference: Schema): Arbitrary<unknown> {
  const schema = resolve<Schema>(reference as Schema | { $ref: string });
  return ofType(schema).filter((value) => brokenFields(schema, value).length === 0);
}

/** Generates values that break the schema of a field: the wrong type, and just beyond each limit. */
export function invalidValue(reference: Schema): Arbitrary<unknown> {
  const schema = resolve<Schema>(reference as Schema | { $ref: string });
  const { minLength = 0, maxLength = 0, minimum = 0, maximum = 0 } = schema;
  const beyond = fc.constantFrom<unknown>(
    ...[minimum - 1, maximum + 1, minimum + 0.5, -0, 1e21, 1e308, -1],
    ...['', ' ', '\u0085', '\u3000\ufeff', '\0', 'a\0b', '\ud800', 'a\udc00'],
    ...['x'.repeat(Math.max(minLength - 1, 0)), 'x'.repeat(maxLength + 1), '🎟'.repeat(maxLength + 1)],
    ...[null, true, false, [], {}, [1], { a: 1 }, '1', '0', 'null'],
  );
  return fc
    .oneof(
      { weight: 4, arbitrary: beyond },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
      ofType(schema),
    )
    .filter((value) => brokenFields(schema, value).length > 0);
}

function ofType(schema: Schema): Arbitrary<unknown> {
  const alternatives = schema.allOf ?? schema.anyOf;
  if (alternatives)
    return fc.oneof(...alternatives.map((each) => ofType(resolve<Schema>(each as { $ref: string }))));
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const types = [schema.type ?? 'string'].flat();
  return fc.oneof(...types.map((type) => ofOneType(type, schema)));
}

function ofOneType(type: string, schema: Schema): Arbitrary<unknown> {
  const { minimum = -(2 ** 31), maximum = 2 ** 31 - 1 } = schema;
  switch (type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.oneof(
        fc.integer({ min: minimum, max: maximum }),
        fc.integer({ min: minimum, max: Math.min(minimum + 5, maximum) }),
        fc.constantFrom(minimum, maximum),
      );
    case 'number':
      return fc.double({ min: minimum, max: maximum, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(validValue(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: ITEMS_MAX,
      });
    case 'object':
      return objectOf(schema, validValue);
    default:
      throw new Error(`no generator for the type ${type}`);
  }
}

/** Generates objects whose fields come from `field`. Optional fields are left out at times. */
export function objectOf(schema: Schema, field: (schema: Schema) => Arbitrary<unknown>): Arbitrary<object> {
  const { properties = {}, required = [] } = schema;
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, field(property)]),
  );
  return fc.record(fields, { requiredKeys: required });
}

function text({ format, pattern, minLength = 0, maxLength = 1_000 }: Schema): Arbitrary<string> {
  if (format === 'date-time')
    return fc.date({ ...YEARS, noInvalidDate: true }).map((date) => date.toISOString());
  if (format === 'uuid') return fc.uuid();
  const matching = pattern && fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' });
  // Other texts would hardly ever be valid.
  if (matching && !shared.some((text) => new RegExp(pattern, 'u').test(text))) return matching;
  const short = { minLength, maxLength: Math.min(maxLength, minLength + 20) };
  const long = { minLength: Math.max(minLength, maxLength - 2), maxLength };
  return fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...shared) },
    { weight: 6, arbitrary: fc.string({ ...short, unit: 'grapheme-ascii' }) },
    { weight: 3, arbitrary: fc.string({ ...short, unit: 'grapheme' }) },
    { weight: 3, arbitrary: fc.string({ ...short, unit: 'binary' }) },
    { weight: 1, arbitrary: fc.string({ ...long, unit: 'binary' }) },
    ...(matching ? [{ weight: 2, arbitrary: matching }] : []),
  );
}
