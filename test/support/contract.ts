import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type Contract, readContract } from '../../src/contract.js';
import { sawAnswer } from './seen-answers.js';

interface OpenApiResponse {
  'x-problem-codes'?: string[];
  headers?: Record<string, { required?: boolean } | Reference>;
  content?: Record<string, { schema: object; 'x-item-schema'?: object }>;
}
interface Reference {
  $ref: string;
}
type Document = Contract & {
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
};

export interface SeenResponse {
  method: string;
  path: string;
  status: number;
  headers: Headers;
  body: string;
}

/**
 * The contract, held strictly: clients must expect fields and values that it does not list, but this server
 * sends none.
 */
const document: Document = JSON.parse(JSON.stringify(readContract()), (_, value) =>
  value?.type === 'object' && value.properties ? { additionalProperties: false, ...value } : value,
);
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addKeyword({ keyword: 'x-extensible-enum', macro: (values: string[]) => ({ enum: values }) });
addFormats.default(ajv);
ajv.addFormat('well-formed', (text: string) => text.isWellFormed());
ajv.addFormat('int32', true);
ajv.addSchema(document, 'openapi.yaml');
const validators = new Map<string, ValidateFunction>();

/**
 * Lists how a response deviates from openapi.yaml: an undeclared status or media type, a missing
 * header, a body that breaks its schema. The list of a response that conforms is empty.
 */
export function deviations({ method, path, status, headers, body }: SeenResponse): string[] {
  const template = templateOf(method, path);
  const operation = template && document.paths[template]?.[method.toLowerCase()];
  // The description of the contract lists the answers for paths without an operation.
  const responses = operation
    ? operation.responses
    : isDecodable(path)
      ? { 400: problem, 404: problem, 405: problem, 408: problem, 431: problem, 501: problem }
      : { 400: problem };
  // `default` is for clients: it would declare every status.
  const declared = responses?.[String(status)];
  if (!declared) return [`${method} ${path}: status ${status} is not declared`];
  const response = resolve<OpenApiResponse>(declared);
  const found: string[] = [];
  for (const [name, header] of Object.entries(response.headers ?? {})) {
    if (resolve<{ required?: boolean }>(header).required && !headers.has(name))
      found.push(`header ${name} is missing`);
  }
  if (!response.content) {
    if (body !== '') found.push(`the body should be empty: ${body}`);
    else if (operation) sawAnswer(`${operation.operationId} ${status}`);
    return found;
  }
  const mediaType = headers.get('content-type')?.split(';')[0] ?? '';
  const media = response.content[mediaType];
  if (!media) return [...found, `media type ${mediaType} is not declared`];
  const codes = response['x-problem-codes'];
  const code = codes ? `${/"code":"(\w+)"/.exec(body)?.[1]}` : '';
  if (codes && !codes.includes(code))
    found.push(`${method} ${path}: ${status} does not carry the code ${code}`);
  if (operation) sawAnswer([operation.operationId, status, code].join(' ').trim());
  if (!mediaType.endsWith('json')) return found;
  const itemSchema = media['x-item-schema'];
  const texts = itemSchema ? linesOf(body) : [body];
  return [...found, ...texts.flatMap((text) => breaches(itemSchema ?? media.schema, text))];
}

/** Each line ends with a line feed, also the last one. */
function linesOf(body: string): string[] {
  return body === '' ? [] : body.replace(/\n$/, '').split('\n');
}

function breaches(schema: object, text: string): string[] {
  const validate = validatorOf(schema);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [`the body is not JSON: ${text.slice(0, 200)}`];
  }
  return validate(value) ? [] : [`the body breaks its schema: ${ajv.errorsText(validate.errors)}`];
}

const problem = { $ref: '#/components/responses/Problem' };

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function templateOf(method: string, path: string): string | undefined {
  const bare = path.split('?', 1)[0] ?? '';
  const known = Object.keys(document.paths).filter(
    (template) => method.toLowerCase() in (document.paths[template] ?? {}),
  );
  return (
    known.find((template) => template === bare) ??
    known.find((template) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]*')}$`).test(bare))
  );
}

function resolve<T>(value: unknown): T {
  if (typeof value !== 'object' || value === null || !('$ref' in value)) return value as T;
  const steps = String(value.$ref).slice(2).split('/');
  return steps.reduce<unknown>((node, step) => (node as Record<string, unknown>)[step], document) as T;
}

function validatorOf(schema: object): ValidateFunction {
  const key = JSON.stringify(schema);
  let validate = validators.get(key);
  if (!validate) {
    // References in the schema are relative to the document.
    validate = ajv.compile(JSON.parse(key.replaceAll('"#/', '"openapi.yaml#/')));
    validators.set(key, validate);
  }
  return validate;
}
