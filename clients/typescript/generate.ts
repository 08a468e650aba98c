import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import { problemCodes } from '../../generated/problem-codes.js';
import { readContract } from '../../src/contract.js';

/**
 * The command: writes generated/openapi.d.ts from openapi.yaml, by openapi-typescript. Listed values that may
 * grow (`x-extensible-enum`) are strings there, because a newer server may send others. `extensibleEnums` has
 * the lists, and `problemCodes` the codes of each operation and status.
 *
 *     --check     changes nothing, and fails if generated/openapi.d.ts is not what it would write
 */
interface Schema {
  'x-extensible-enum'?: string[];
  properties?: Record<string, Schema>;
}

const source = new URL('../../openapi.yaml', import.meta.url);
const target = new URL('generated/openapi.d.ts', import.meta.url);

const contract = readContract();
const { schemas } = contract.components as unknown as { schemas: Record<string, Schema> };
const lists = Object.entries(schemas).flatMap(([name, schema]) => [
  ...listOf(name, schema),
  ...Object.entries(schema.properties ?? {}).flatMap(([property, inner]) =>
    listOf(`${name}.${property}`, inner),
  ),
]);
const text = `${astToString(await openapiTS(source))}
/** The values that are known of each list that may grow, by its schema. */
export interface extensibleEnums {
${lists.join('')}}

${problemCodes(contract)}`;

if (!process.argv.includes('--check')) await writeFile(target, text);
else if (text !== (await readFile(target, 'utf8').catch(() => ''))) {
  console.error('clients/typescript/generated/openapi.d.ts is not up to date: run npm run generate');
  process.exitCode = 1;
}

function listOf(name: string, { 'x-extensible-enum': values }: Schema): string[] {
  return values ? [`    "${name}": ${values.map((value) => `"${value}"`).join(' | ')};\n`] : [];
}
