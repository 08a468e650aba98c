import { type Contract, operationsOf } from '../src/contract.js';

interface Response {
  $ref?: string;
  'x-problem-codes'?: string[];
}

/** Writes the interface `problemCodes`: the codes that a problem may carry, by operation and status. */
export function problemCodes(contract: Contract): string {
  const operations = operationsOf(contract).map(({ operation }) => {
    const responses = Object.entries(operation.responses as Record<string, Response>);
    const statuses = responses.map(([status, response]) => {
      const codes = resolve(contract, response)['x-problem-codes'];
      return codes ? `        ${status}: ${codes.map((code) => `"${code}"`).join(' | ')};\n` : '';
    });
    return `    ${operation.operationId}: {\n${statuses.join('')}    };\n`;
  });
  return `/** The codes that a problem may carry, by operation and status. */\nexport interface problemCodes {\n${operations.join('')}}\n`;
}

function resolve(contract: Contract, response: Response): Response {
  const name = response.$ref?.split('/').at(-1);
  return name === undefined ? response : (contract.components?.responses?.[name] ?? response);
}
