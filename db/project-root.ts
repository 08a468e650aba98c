import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The folder that holds openapi.yaml. It is the same for TypeScript and for compiled code in dist/.
 */
export const projectRoot = findUp(import.meta.dirname);

function findUp(folder: string): string {
  return existsSync(join(folder, 'openapi.yaml')) ? folder : findUp(dirname(folder));
}
