import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { readContract } from '../src/contract.js';
import { problemCodes } from './problem-codes.js';

/**
 * The command: writes openapi.d.ts from openapi.yaml, by openapi-typescript. It adds two things: the listed
 * values of `x-extensible-enum` as types, and the codes of each operation and status, `x-problem-codes`.
 *
 *     --check     changes nothing, and fails if openapi.d.ts is not what it would write
 */

const source = new URL('../openapi.yaml', import.meta.url);
const target = new URL('openapi.d.ts', import.meta.url);

const nodes = await openapiTS(source, {
  // The server sends listed values only.
  transform: (schema) => {
    const values = (schema as { 'x-extensible-enum'?: string[] })['x-extensible-enum'];
    return values && ts.factory.createUnionTypeNode(values.map(literal));
  },
});
const text = `${astToString(nodes)}\n${problemCodes(readContract())}`;

if (!process.argv.includes('--check')) await writeFile(target, text);
else if (text !== (await readFile(target, 'utf8'))) {
  console.error('generated/openapi.d.ts is not up to date: run npm run generate');
  process.exitCode = 1;
}

function literal(value: string): ts.TypeNode {
  return ts.factory.createLiteralTypeNode(ts.factory.createStringLiteral(value));
}
