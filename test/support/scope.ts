import type { Test } from 'tap';

/** Within which servers, folders and connections live: a test, or a program that is no test. */
export type Scope = Pick<Test, 'teardown' | 'fail'>;

/** Opens a scope around `run`, and ends what was begun in it. What began last ends first. */
export async function inScope<T>(run: (scope: Scope) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = [];
  try {
    return await run({
      teardown: (end) => void ends.push(end),
      fail(...[message]) {
        throw new Error(String(message));
      },
    });
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
