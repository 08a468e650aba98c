import { execFile } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import { projectRoot } from '../db/project-root.js';

/** Where figures come from: they mean little without it. */
export interface Environment {
  processor: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  /** Null: the database is somewhere else. */
  postgres: string | null;
  commit: string | null;
  /** How many processes wanted a processor before the run began. */
  loadBefore: number;
}

export async function readEnvironment(postgres: string | null): Promise<Environment> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    postgres,
    commit: await readCommit(),
    loadBefore: loadavg()[0] ?? 0,
  };
}

async function readCommit(): Promise<string | null> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: projectRoot })).stdout.trim();
  try {
    const changes = await git(
      'status',
      '--porcelain',
      '--',
      'src',
      'db',
      'openapi.yaml',
      'package-lock.json',
    );
    return (await git('rev-parse', '--short', 'HEAD')) + (changes ? ' with changes' : '');
  } catch {
    return null;
  }
}

/** How many files, and so connections, a process that we start may have open; null: no limit. */
export async function openFilesMax(): Promise<number | null> {
  const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -n']).catch(() => ({ stdout: '' }));
  return Number.parseInt(stdout, 10) || null;
}

/** What a process needs of them besides its connections under load. */
export const OTHER_FILES = 200;
