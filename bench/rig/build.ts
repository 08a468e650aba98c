import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../db/project-root.js';

/** The path of a compiled file, such as `src/server.js`. */
export function builtFile(name: string): string {
  return join(projectRoot, 'dist', 'bench', name);
}

/**
 * Compiles the servers and the load as the product is compiled: the code that tsx makes is slower.
 * @throws Error with what the compiler says.
 */
export async function build(signal: AbortSignal): Promise<void> {
  const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = join(projectRoot, 'bench', 'tsconfig.build.json');
  await promisify(execFile)(process.execPath, [compiler, '--project', project], { signal }).catch((error) => {
    throw new Error(`the build failed\n${error.stdout || error}`);
  });
}
