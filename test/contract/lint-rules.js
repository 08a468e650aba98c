/**
 * The rules of this contract that Redocly cannot express in redocly.yaml, which says why there are such
 * rules.
 */

/** The errors of every request: before its path is known, on its way to the database, or by a defect. */
const OF_ALL = ['400', '408', '431', '500', '501', '503'];
const WITH_A_KEY = ['401', '403', '429'];
const WITH_A_BODY = ['413', '415'];

const PROBLEM = 'application/problem+json';

function integerHasBounds() {
  return {
    Schema(schema, { report }) {
      const isBounded = ['format', 'minimum', 'maximum'].every((key) => key in schema);
      if (schema.type === 'integer' && !isBounded) {
        report({ message: 'An integer has a format, a minimum and a maximum.' });
      }
    },
  };
}

function arrayHasABound() {
  return {
    Schema(schema, { report }) {
      if (schema.type === 'array' && !('maxItems' in schema)) report({ message: 'An array has maxItems.' });
    },
  };
}

/** Redocly's own nested visitors end at the outermost schema. */
function eachSchema(node, context, visit, location = context.location, seen = new Set()) {
  if (seen.has(node) || typeof node !== 'object' || node === null) return;
  seen.add(node);
  const go = (child, place) => eachSchema(child, context, visit, place, seen);
  if (node.$ref) {
    const target = context.resolve(node);
    go(target.node, target.location);
    return;
  }
  visit(node, location);
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    go(child, location.child(['properties', name]));
  }
  for (const keyword of ['items', 'additionalProperties']) go(node[keyword], location.child(keyword));
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    node[keyword]?.forEach((child, i) => {
      go(child, location.child([keyword, i]));
    });
  }
}

/** Visits the schemas of each media type of a body. */
function eachBodySchema(body, context, visit) {
  for (const [type, media] of Object.entries(body.content ?? {})) {
    for (const keyword of ['schema', 'x-item-schema']) {
      eachSchema(media[keyword], context, visit, context.location.child(['content', type, keyword]));
    }
  }
}

function requestIsClosed() {
  return {
    RequestBody(body, context) {
      eachBodySchema(body, context, (schema, location) => {
        if (schema.properties && schema.additionalProperties !== false) {
          context.report({ message: 'An object of a request has `additionalProperties: false`.', location });
        }
      });
    },
  };
}

function responseMayGrow() {
  return {
    Response(response, context) {
      eachBodySchema(response, context, (schema, location) => {
        if (schema.additionalProperties === false || schema.unevaluatedProperties === false) {
          context.report({ message: 'A response is open: a later version may add fields.', location });
        }
        if (schema.enum) {
          const message = 'A value of a response may grow: list the values in `x-extensible-enum`.';
          context.report({ message, location });
        }
      });
    },
  };
}

function requestStringHasABound() {
  const check = (context) => (schema, location) => {
    const isBounded = schema.maxLength !== undefined || schema.enum || schema.const !== undefined;
    if (schema.type === 'string' && !isBounded) {
      context.report({ message: 'A string of a request has maxLength.', location });
    }
  };
  return {
    RequestBody: (body, context) => eachBodySchema(body, context, check(context)),
    Parameter: (parameter, context) =>
      eachSchema(parameter.schema, context, check(context), context.location.child('schema')),
  };
}

function errorIsAProblem({ except = [] }) {
  let codes = [];
  return {
    Root(root) {
      codes = root.components?.schemas?.ErrorCode?.['x-extensible-enum'] ?? [];
    },
    Operation(operation, { report, location, resolve }) {
      for (const [status, reference] of Object.entries(operation.responses ?? {})) {
        if (/^[123]/.test(status) || except.includes(`${operation.operationId} ${status}`)) continue;
        const response = resolve(reference).node ?? reference;
        const say = (message) =>
          report({ message: `${status}: ${message}`, location: location.child(['responses', status]) });
        const media = response.content?.[PROBLEM];
        if (!media) say(`An error has a body of ${PROBLEM}.`);
        else if (!media.example && !media.examples) say('An error has an example.');
        if (status === 'default') continue;
        const listed = response['x-problem-codes'] ?? [];
        if (listed.length === 0) say('An error lists its codes in `x-problem-codes`.');
        for (const code of listed) if (!codes.includes(code)) say(`ErrorCode does not list ${code}.`);
      }
    },
  };
}

function operationListsItsErrors({ except = [] }) {
  return {
    Operation(operation, { report, location }) {
      const expected = [
        ...OF_ALL,
        ...(operation.security?.length ? WITH_A_KEY : []),
        ...(operation.requestBody ? WITH_A_BODY : []),
        ...(operation['x-invalid-path-code']?.endsWith('_not_found') ? ['404'] : []),
      ];
      const missing = expected.filter(
        (status) =>
          !(status in (operation.responses ?? {})) && !except.includes(`${operation.operationId} ${status}`),
      );
      if (missing.length > 0) {
        report({
          message: `List the responses ${missing.join(', ')}.`,
          location: location.child('responses'),
        });
      }
    },
  };
}

export default () => ({
  id: 'contract',
  rules: {
    oas3: {
      'integer-has-bounds': integerHasBounds,
      'array-has-a-bound': arrayHasABound,
      'request-is-closed': requestIsClosed,
      'response-may-grow': responseMayGrow,
      'request-string-has-a-bound': requestStringHasABound,
      'error-is-a-problem': errorIsAProblem,
      'operation-lists-its-errors': operationListsItsErrors,
    },
  },
});
