import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of openapi.yaml, wherever this module was compiled to. */
export const projectRoot = findUp(import.meta.dirname);

function findUp(folder: string): string {
  return existsSync(join(folder, 'openapi.yaml')) ? folder : findUp(dirname(folder));
}
