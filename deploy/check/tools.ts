import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const HELM_VERSION = 'v3.22.0';
const HELM_MODULE = `helm.sh/helm/v3/cmd/helm@${HELM_VERSION}`;
const KUBERNETES_VALIDATE_VERSION = '1.37.0';
/** With what it stands on, in the versions that we tried. */
const KUBERNETES_VALIDATE = [
  `kubernetes-validate==${KUBERNETES_VALIDATE_VERSION}`,
  ...['jsonschema==4.26.0', 'PyYAML==6.0.4'],
];
/** What is built stays: Helm takes minutes. */
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'scalable-coupon-system');
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

export interface Result {
  /** NaN: there is no such program, or it was killed. */
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. */
export function run(program: string, parameters: string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, maxBuffer: OUTPUT_BYTES_MAX };
    execFile(program, parameters, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : Number.NaN;
      resolve({ code, stdout, stderr });
    });
  });
}

/**
 * Finds the pinned Helm, or builds it with Go. Without Go, it takes the Helm of PATH, whatever its version.
 * @returns undefined if the machine has neither.
 * @throws Error if Go cannot build it.
 */
export async function findHelm(): Promise<string | undefined> {
  const folder = join(CACHE, `helm-${HELM_VERSION}`);
  const built = join(folder, 'helm');
  if ((await run(built, ['version'])).code === 0) return built;
  if ((await run('go', ['version'])).code !== 0) {
    return (await run('helm', ['version'])).code === 0 ? 'helm' : undefined;
  }
  const { code, stderr } = await run('go', ['install', HELM_MODULE], { GOBIN: folder });
  if (code !== 0) throw new Error(`go install ${HELM_MODULE} failed:\n${stderr}`);
  return built;
}

/**
 * Finds the pinned kubernetes-validate, or installs it with Python. It brings the schemas of Kubernetes.
 * @returns undefined if the machine has no Python that can make environments.
 * @throws Error if pip cannot install it.
 */
export async function findValidator(): Promise<string | undefined> {
  const folder = join(CACHE, `kubernetes-validate-${KUBERNETES_VALIDATE_VERSION}`);
  const installed = join(folder, 'bin', 'kubernetes-validate');
  if ((await run(installed, ['--version'])).code === 0) return installed;
  await mkdir(CACHE, { recursive: true });
  // Debian's python3 has `venv` without what it needs: only making one shows that.
  if ((await run('python3', ['-m', 'venv', '--clear', folder])).code !== 0) {
    await rm(folder, { recursive: true, force: true });
    return undefined;
  }
  const pip = ['install', '--quiet', '--disable-pip-version-check', ...KUBERNETES_VALIDATE];
  const { code, stderr } = await run(join(folder, 'bin', 'pip'), pip);
  if (code !== 0) throw new Error(`pip install ${KUBERNETES_VALIDATE.join(' ')} failed:\n${stderr}`);
  return installed;
}
