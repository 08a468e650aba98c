import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../db/project-root.js';

/**
 * Servers, peers and load are all built by one compiler, the one that builds what is shipped: what tsx makes on
 * the fly is not quite the same code, and not as fast.
 */
const BUILD_FOLDER = join(projectRoot, 'dist', 'bench');

export function builtFile(name: string): string {
  return join(BUILD_FOLDER, name);
}

export async function build(signal: AbortSignal): Promise<void> {
  const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
  const child = spawn(
    process.execPath,
    [compiler, '--project', join(projectRoot, 'bench', 'tsconfig.build.json')],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      signal,
    },
  );
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('the build failed');
}
