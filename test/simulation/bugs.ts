import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { projectRoot } from '../../db/project-root.js';
import { type Engine, realEngine, type Subject } from './engine.js';
import type { Flaw } from './flaws.js';
import { watchSubmissions } from './server.js';

const SOURCES = ['lane', 'lanes', 'waiting-requests', 'ordered-connection', 'claim-statement'] as const;
type Source = (typeof SOURCES)[number];

/** A change of the text of one of our files. What is replaced must be there exactly once. */
type Patch = [source: Source, from: string, to: string];

/** Bugs that the simulation must find: patched copies of our code, or flaws of the model. */
export const BUGS: Record<string, Flaw | Patch[]> = {
  'oversell by one': 'oversells by one',
  'double claim': 'claims twice',
  'acknowledgement before the commit': 'answers before the commit',
  'stale stock': 'trusts its snapshot for the stock',
  'a failure after a restock': 'gives what was restocked behind its snapshot',
  'holders take a place in the queue': 'gives holders a place',
  'an undecided request is sold out, in the statement': 'takes a hidden claim for sold out',
  'a key that is not stored': 'stores no key',
  'locks in the order of the requests': 'locks in the order of the requests',
  'an undecided request is sold out, in the answer': [
    ['claim-statement', 'u: undefined', "u: 'out_of_stock'"],
  ],
  'answers in the wrong order': [
    ['claim-statement', "row?.decisions ?? ''", "[...(row?.decisions ?? '')].reverse()"],
  ],
  'a repeated request made the claim, too': [
    ['claim-statement', 'return found.size === count', 'return false'],
  ],
  'lost retry': [['lane', 'unknown.push(entry)', 'void 0']],
  'lost undecided request': [['lane', 'outcomes[i] === undefined &&', 'false &&']],
  'an unknown outcome is waited for as long as its batch runs': [
    ['lane', 'giveUp(entry, this.#failure)', 'void 0'],
  ],
  'retries lose their order': [['lane', 'this.#retries.sort(', 'void (']],
  'a batch is sent ahead of an unknown outcome': [
    ['lane', "'cautious' && this.#retries.length === 0", "'cautious'"],
  ],
  'an unknown outcome is a failure': [
    ['lanes', '      isOutcomeUnknown,\n', '      isOutcomeUnknown: () => false,\n'],
  ],
  'a failure is an unknown outcome': [
    ['lanes', '      isOutcomeUnknown,\n', '      isOutcomeUnknown: () => true,\n'],
  ],
  'reordered batch': [['waiting-requests', 'batch.push({', 'batch.unshift({']],
  'retries go last': [
    [
      'lane',
      'const batch: Entry<Request, Outcome>[] = [];',
      'const batch: Entry<Request, Outcome>[] = [];\nthis.#waiting.take(batch, batchSizeMax, this.#oldest());',
    ],
  ],
  'retries go behind the batch that runs': [['lane', 'this.#retries.length === 0 &&', '']],
  'draining is ignored': [
    [
      'lane',
      "if (this.#state === 'draining' ||",
      "if (this.#state === 'draining') return true;\nif (false ||",
    ],
  ],
  'the pause is ignored': [['lane', " || this.#state === 'pausing'", '']],
  'no pause': [['lane', 'await this.#options.pause(this.#pauseMs)', 'await undefined']],
  'a batch is sent ahead after a failure': [['lane', "this.#state === 'steady' &&", '']],
  'a third batch': [['lane', 'this.#running.length === 1 &&', '']],
  'a batch that is too large': [
    ['waiting-requests', 'batch.length < sizeMax;', 'batch.length <= sizeMax;'],
    ['waiting-requests', 'sizeMax - batch.length)', 'sizeMax - batch.length + 1)'],
  ],
  'a full batch ends the turn of a request': [['waiting-requests', 'if (end < turnEnd) break;', '']],
  'outcomes of other claims of the request': [
    ['lanes', 'settle(places[index]!, outcome)', 'settle(places.at(-1 - index)!, outcome)'],
  ],
  'the room is not bounded': [['lane', 'waitingMax - this', 'waitingMax + 1 - this']],
  'requests wait for ever': [['lane', '- this.#options.waitMsMax', '- this.#options.waitMsMax * 1e6']],
  'a disconnected client is run for': [['waiting-requests', 'if (caller.destroyed)', 'if (!caller)']],
  'an idle lane does not start again': [['lane', 'this.#isStartScheduled = false;\n', '']],
  'the connection is not replaced': [['ordered-connection', 'this.#client.replace(sql)', 'void 0']],
  'a new key for each run': [
    [
      'claim-statement',
      'requests.map((request) => request.key)',
      'requests.map(() => String(Math.random()))',
    ],
  ],
};

/** The subject with a planted bug. */
export async function plantBug(name: string): Promise<Subject> {
  const bug = BUGS[name];
  if (!bug) throw new Error(`no such bug: ${name}`);
  return typeof bug === 'string' ? { engine: realEngine, flaw: bug } : { engine: await patchedEngine(bug) };
}

async function patchedEngine(patches: Patch[]): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'coupons-bug-'));
  try {
    for (const source of SOURCES) {
      const text = await readFile(join(projectRoot, 'src', 'claims', `${source}.ts`), 'utf8');
      await writeFile(join(folder, `${source}.mjs`), await toModule(patchText(text, source, patches)));
    }
    const modules = SOURCES.map((source) => import(pathToFileURL(join(folder, `${source}.mjs`)).href));
    const engine: Engine = Object.assign({}, ...(await Promise.all(modules)));
    watchSubmissions(engine.Lane);
    return engine;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function patchText(text: string, source: Source, patches: Patch[]): string {
  let patched = text;
  for (const [of, from, to] of patches) {
    if (of !== source) continue;
    if (patched.split(from).length !== 2) throw new Error(`${source}.ts must have this once: ${from}`);
    patched = patched.replace(from, () => to);
  }
  return patched;
}

/** The JavaScript of a file, for another folder than its own. It imports what this file would import. */
async function toModule(text: string): Promise<string> {
  const original = (path: string) =>
    `'${new URL(`../../src/${path}${extname(import.meta.url)}`, import.meta.url).href}'`;
  const moved = text
    .replaceAll(/'\.\/([\w-]+)\.js'/g, (_, name) =>
      SOURCES.includes(name) ? `'./${name}.mjs'` : original(`claims/${name}`),
    )
    .replaceAll(/'\.\.\/([\w/-]+)\.js'/g, (_, path) => original(path));
  const { code } = await transform(moved, { loader: 'ts' });
  return code;
}
