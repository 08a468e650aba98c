/** The rules of this contract that Redocly cannot express in redocly.yaml, which says why there are such rules. */

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

function requestIsClosed() {
  return {
    RequestBody: {
      Schema(schema, { report }) {
        if (schema.properties && schema.additionalProperties !== false) {
          report({ message: 'An object of a request has `additionalProperties: false`.' });
        }
      },
    },
  };
}

function responseMayGrow() {
  return {
    Response: {
      Schema(schema, { report }) {
        if (schema.additionalProperties === false || schema.unevaluatedProperties === false) {
          report({ message: 'A response is open: a later version may add fields.' });
        }
        if (schema.enum) {
          report({ message: 'A value of a response may grow: list the values in `x-extensible-enum`.' });
        }
      },
    },
  };
}

function requestStringHasABound() {
  const Schema = (schema, { report }) => {
    const isBounded = schema.maxLength !== undefined || schema.enum || schema.const !== undefined;
    if (schema.type === 'string' && !isBounded) report({ message: 'A string of a request has maxLength.' });
  };
  return { RequestBody: { Schema }, Parameter: { Schema } };
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

function operationListsItsErrors() {
  return {
    Operation(operation, { report, location }) {
      const expected = [
        ...OF_ALL,
        ...(operation.security?.length ? WITH_A_KEY : []),
        ...(operation.requestBody ? WITH_A_BODY : []),
        ...(operation['x-invalid-path-code']?.endsWith('_not_found') ? ['404'] : []),
      ];
      const missing = expected.filter((status) => !(status in (operation.responses ?? {})));
      if (missing.length > 0) {
        report({ message: `List the responses ${missing.join(', ')}.`, location: location.child('responses') });
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
