import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.js';

export interface TemporaryFolder {
  folder: string;
  remove(): Promise<void>;
  /** For handlers of the event `exit`, which cannot wait. */
  removeSync(): void;
}

/**
 * Creates a temporary folder that every user can enter, because PostgreSQL refuses to run as root.
 */
export async function makeTemporaryFolder(prefix: string, mode = 0o755): Promise<TemporaryFolder> {
  // On macOS, other users cannot enter the folder that os.tmpdir() returns.
  const base = process.platform === 'darwin' ? '/tmp' : tmpdir();
  const folder = await mkdtemp(join(base, prefix));
  await chmod(folder, mode);
  return {
    folder,
    remove: () => rm(folder, { recursive: true, force: true }),
    removeSync: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/**
 * Starts a PostgreSQL for tests or benchmarks in a temporary folder. Its stop removes the folder.
 */
export async function startThrowAwayPostgres(
  prefix: string,
  settings: Record<string, string> = {},
): Promise<EmbeddedPostgres> {
  const { folder, remove } = await makeTemporaryFolder(prefix);
  try {
    const server = await startEmbeddedPostgres(folder, { settings });
    return { ...server, stop: () => server.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}
