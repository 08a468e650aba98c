import { chown, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAlive } from './postmaster.js';
import type { ServerUser } from './server-user.js';

/**
 * Creates a folder completely or not at all, even if this process is killed or several processes
 * try at once: it is filled under another name beside the destination, and then renamed.
 * @param user owns the folder in which `fill` works. Absent: the user of this process.
 * @param fill gets an empty folder, creates the wanted folder in it, and returns its path.
 */
export async function createFolderAtomically(
  destination: string,
  user: ServerUser | undefined,
  fill: (workFolder: string) => Promise<string>,
): Promise<void> {
  const prefix = `${basename(destination)}.incomplete`;
  await removeAbandoned(dirname(destination), prefix);
  const workFolder = await mkdtemp(join(dirname(destination), `${prefix}.${process.pid}.`));
  try {
    if (user) await chown(workFolder, user.uid, user.gid);
    await rename(await fill(workFolder), destination);
  } catch (error) {
    // Another process was faster. Its folder is as good as ours.
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    await rm(workFolder, { recursive: true, force: true });
  }
}

/** Removes the work folders of killed processes. */
async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`${prefix}.`)) continue;
    const pid = Number(entry.slice(prefix.length + 1).split('.')[0]);
    if (!isAlive(pid)) await rm(join(folder, entry), { recursive: true, force: true });
  }
}
