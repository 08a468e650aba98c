/** What Ajv tells about a value that breaks the contract. */
export interface Violation {
  keyword: string;
  instancePath: string;
  params: Record<string, unknown>;
  message?: string | undefined;
}

const FIELD_LENGTH_MAX = 64;

/** The violation as a sentence without its full stop, which names the field and the rule. */
export function describeViolation(
  { keyword, instancePath, params, message }: Violation,
  context?: string,
): string {
  const field = instancePath.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  const limit = params['limit'];
  switch (keyword) {
    case 'required':
      return `${params['missingProperty']} is required`;
    case 'minLength':
      return `${field} is required`;
    case 'maxLength':
      return `${field} must be at most ${limit} characters long`;
    case 'pattern':
      if (context === 'headers') return `${field} ${message}`;
      return `${field} must have a character other than white space, and no U+0000`;
    case 'format':
      return `${field} must be well-formed Unicode`;
    case 'minimum':
      return `${field} must be at least ${limit}`;
    case 'maximum':
      return `${field} must be at most ${limit}`;
    case 'type':
      return `${field} must be ${article(String(params['type']))}`;
    case 'additionalProperties':
      return `${shorten(String(params['additionalProperty']))} is not a known field`;
    default:
      return `${field} ${message ?? 'is not valid'}`;
  }
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** A name that the client chose, made fit for a sentence. */
function shorten(field: string): string {
  const quoted = JSON.stringify(field.toWellFormed());
  if (quoted.length <= FIELD_LENGTH_MAX) return quoted;
  // The cut may go through a surrogate pair, whose first half alone is no character.
  return `${quoted.slice(0, FIELD_LENGTH_MAX).replace(/\p{Surrogate}$/u, '')}…"`;
}
