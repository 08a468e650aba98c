import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Checks the rules and the configuration of Prometheus, and runs the cases of rules.test.yml, with promtool.
 * Debian has it in the package `prometheus`.
 *
 *     --require  fails if there is no promtool, which is a skip otherwise
 */
const CHECKS = [
  ['check', 'rules', 'rules.yml'],
  ['test', 'rules', 'rules.test.yml'],
  ['check', 'config', 'prometheus.yml'],
];
const folder = dirname(fileURLToPath(import.meta.url));
const isRequired = process.argv.includes('--require');

if (!hasPromtool()) {
  const skipped = CHECKS.map((parameters) => `promtool ${parameters.join(' ')}`).join(', ');
  console.error(`there is no promtool on the PATH: ${isRequired ? 'not done' : 'skipped'}: ${skipped}`);
  process.exit(isRequired ? 1 : 0);
}
for (const parameters of CHECKS) {
  try {
    execFileSync('promtool', parameters, { cwd: folder, stdio: 'inherit' });
  } catch {
    process.exitCode = 1;
  }
}

function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
