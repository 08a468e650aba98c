import { execFile } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import { projectRoot } from '../../db/project-root.js';

/** Names the machine: figures mean little without it. */
export function describeMachine(): string {
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${memoryGiB} GiB, ${type()} ${release()}, load average ${loadavg()[0]!.toFixed(1)}, Node ${process.version}`;
}

/** The commit, with a mark if tracked files are changed. Empty: this is no git checkout. */
export async function readCommit(): Promise<string> {
  const describe = ['describe', '--always', '--exclude=*', '--dirty= with changes'];
  const git = promisify(execFile)('git', describe, { cwd: projectRoot });
  return git.then(({ stdout }) => stdout.trim()).catch(() => '');
}
