import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from '../../db/project-root.js';

const VERSION = 'v1.37.0';
const MODULE = `github.com/oasdiff/oasdiff@${VERSION}`;
/** What Go has built: beside the caches of other tools, and gone with the packages. */
const BUILT = join(projectRoot, 'node_modules', '.cache', `oasdiff-${VERSION}`);
/** oasdiff's levels, but for some changes that break our clients, which it lets pass. */
const LEVELS = join(projectRoot, 'docs', 'contract', 'levels.txt');

interface Result {
  /** NaN: there is no such program. */
  code: number;
  stdout: string;
  stderr: string;
}

function run(program: string, parameters: string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    execFile(program, parameters, options, (error, stdout, stderr) => {
      // A program that was killed has the code null.
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : Number.NaN;
      resolve({ code, stdout, stderr });
    });
  });
}

/**
 * Finds the oasdiff of PATH, or builds the pinned one with Go, which takes minutes the first time.
 * @returns undefined if the machine has neither.
 * @throws Error if Go cannot build it.
 */
export async function findOasdiff(): Promise<string | undefined> {
  if ((await run('oasdiff', ['--version'])).code === 0) return 'oasdiff';
  if ((await run('go', ['version'])).code !== 0) return undefined;
  const built = join(BUILT, 'oasdiff');
  if ((await run(built, ['--version'])).code === 0) return built;
  const { code, stderr } = await run('go', ['install', MODULE], { GOBIN: BUILT });
  if (code !== 0) throw new Error(`go install ${MODULE} failed:\n${stderr}`);
  return built;
}

/**
 * Compares two contracts.
 * @returns a line for each change that breaks clients of the first one.
 * @throws Error if oasdiff cannot read one of them.
 */
export async function findBreaks(oasdiff: string, released: string, current: string): Promise<string[]> {
  const options = ['--fail-on', 'ERR', '--severity-levels', LEVELS, '--format', 'singleline'];
  const { code, stdout, stderr } = await run(oasdiff, ['breaking', released, current, ...options]);
  if (code === 0) return [];
  if (code === 1) return stdout.trim().split(/\n+/).map(inShort);
  throw new Error(`oasdiff failed: ${stderr}`);
}

/** Without the path, and without the advice after the name of the rule. */
function inShort(line: string): string {
  return line.replace(/^error at \S+, (in API )?/, '').replace(/(\[[\w-]+\])\. .*/, '$1');
}
