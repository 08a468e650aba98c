import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../../db/project-root.js';
import type { Contract } from '../../src/contract.js';
import { answersOf } from '../support/seen-answers.js';

const FOLDER = join(projectRoot, 'docs', 'contract');

/** A contract in docs/contract/. */
export interface Released {
  version: string;
  path: string;
  contract: Contract;
}

/** Reads the released contract with the highest version. */
export function readLastReleased(): Released {
  const versions = readdirSync(FOLDER).flatMap((name) => /^(\d+\.\d+\.\d+)\.yaml$/.exec(name)?.[1] ?? []);
  const version = versions.sort(compareVersions).at(-1);
  if (version === undefined) throw new Error(`${FOLDER} has no released contract`);
  const path = join(FOLDER, `${version}.yaml`);
  return { version, path, contract: parse(readFileSync(path, 'utf8')) };
}

/** Major, minor and patch. What follows `-` counts as the release that it prepares. */
function numbersOf(version: string): [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = version.split('-', 1)[0]?.split('.').map(Number) ?? [];
  return [major, minor, patch];
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

/** Whether a version may break the clients of another: a new major may, and below 1.0.0 a new minor. */
export function mayBreak(released: string, current: string): boolean {
  const [[major, minor], [nextMajor, nextMinor]] = [numbersOf(released), numbersOf(current)];
  return nextMajor > major || (major === 0 && nextMajor === 0 && nextMinor > minor);
}

/**
 * Lists the codes, states and types of events that clients of the released contract wait for in vain. oasdiff
 * knows nothing of `x-problem-codes`, and does not look at the `x-extensible-enum` of responses.
 */
export function lostValues(released: Contract, current: Contract): string[] {
  const kept = new Set(valuesOf(current));
  return valuesOf(released).filter((value) => !kept.has(value));
}

function valuesOf(contract: Contract): string[] {
  const { schemas = {} } = (contract.components ?? {}) as { schemas?: Record<string, unknown> };
  const values: string[] = [];
  for (const [name, schema] of Object.entries(schemas)) {
    JSON.stringify(schema, (key, value) => {
      if (key === 'x-extensible-enum') values.push(...value.map((one: string) => `${name} ${one}`));
      return value;
    });
  }
  // Of those without a code, oasdiff judges.
  const isProblem = (answer: string) => answer.split(' ').length > 2;
  return [...values, ...answersOf(contract).filter(isProblem)];
}
