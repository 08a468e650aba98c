import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../db/project-root.js';

/** The version of the package, which is that of the contract. */
export function readVersion(): string {
  return JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).version;
}
