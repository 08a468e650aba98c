import { Ajv2020, type ErrorObject, type Options } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** JSON Schema as this program uses it: the validator, and a sentence for each broken rule. */

/** A schema may give its own sentences, by keyword: `x-sentences: { pattern: 'must be …' }`. */
export type Sentences = { 'x-sentences'?: Record<string, string> };

/** Of a name that the client chose, as it is shown in a sentence. */
const SHOWN_NAME_LENGTH_MAX = 64;

/** A validator of JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
export function createAjv(options: Options = {}): Ajv2020 {
  // verbose: errors carry the broken schema, which the sentences need.
  const ajv = new Ajv2020({ verbose: true, ...options });
  addFormats.default(ajv);
  ajv.addFormat('well-formed', (text: string) => text.isWellFormed());
  ajv.addKeyword('x-sentences' satisfies keyof Sentences);
  return ajv;
}

/** A rule of a schema that a value breaks: Ajv's error, as far as the sentence needs it. */
export type Violation = Pick<ErrorObject, 'keyword' | 'instancePath' | 'params' | 'parentSchema'>;

/** Names the field and the rule that it breaks, without a full stop: `amount must be at least 1`. */
export function describeViolation(violation: Violation, fieldKind = 'field'): string {
  const { keyword, params } = violation;
  const path = pathOf(violation);
  if (keyword === 'required') {
    return `${path && `${path}.`}${params['missingProperty']} is required`;
  }
  if (keyword === 'additionalProperties') {
    return `${quote(String(params['additionalProperty']))} is not a known ${fieldKind}${path && ` of ${path}`}`;
  }
  return `${path} ${ownSentence(violation) ?? sentence(violation)}`;
}

/** As in JavaScript: `claims[3].user_id`. Empty: the value itself. */
function pathOf({ instancePath }: Violation): string {
  const steps = instancePath.split('/').slice(1);
  const names = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.map((name, i) => (i === 0 ? name : /^\d+$/.test(name) ? `[${name}]` : `.${name}`)).join('');
}

function ownSentence({ keyword, parentSchema }: Violation): string | undefined {
  return (parentSchema as Sentences | undefined)?.['x-sentences']?.[keyword];
}

function sentence({ keyword, params }: Violation): string {
  const limit = params['limit'];
  switch (keyword) {
    case 'type':
      return `must be ${[params['type']].flat().map(withArticle).join(' or ')}`;
    case 'enum':
      return `must be one of ${params['allowedValues'].join(', ')}`;
    case 'const':
      return `must be ${params['allowedValue']}`;
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must be at least ${limit} characters long`;
    case 'maxLength':
      return `must be at most ${limit} characters long`;
    case 'minItems':
      return `must have at least ${limit} items`;
    case 'maxItems':
      return `must have at most ${limit} items`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'exclusiveMinimum':
      return `must be greater than ${limit}`;
    case 'exclusiveMaximum':
      return `must be less than ${limit}`;
    case 'multipleOf':
      return `must be a multiple of ${params['multipleOf']}`;
    case 'format':
      return `must be ${formats[params['format']] ?? `in the format ${params['format']}`}`;
    case 'pattern':
      return `must match the pattern ${params['pattern']}`;
    default:
      return `breaks the rule ${keyword}`;
  }
}

/** What a value of each format looks like. */
const formats: Record<string, string> = {
  'date-time': 'a date and time such as 2026-07-01T12:00:00Z',
  date: 'a date such as 2026-07-01',
  uuid: 'a UUID such as 0b6e2a1e-5d0f-4b5c-9a43-6d1d2f7f6f0e',
  uri: 'a URI such as https://example.com/path',
  'well-formed': 'well-formed Unicode',
};

function withArticle(type: unknown): string {
  if (type === 'null') return 'null';
  return /^[aeiou]/.test(String(type)) ? `an ${type}` : `a ${type}`;
}

/** A name that the client chose: quoted, bounded, and well-formed. */
function quote(name: string): string {
  const quoted = JSON.stringify(name.toWellFormed());
  if (quoted.length <= SHOWN_NAME_LENGTH_MAX) return quoted;
  // The cut may leave the first half of a surrogate pair, which is not a character.
  return `${quoted.slice(0, SHOWN_NAME_LENGTH_MAX).replace(/\p{Surrogate}$/u, '')}…"`;
}
