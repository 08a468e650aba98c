import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Config, invalidSetting } from '../config.js';

/** The keys of the settings, and what each of them allows. Only their hashes are kept. */

/** In the contract, an operation names one of them. */
const SCOPES = ['admin', 'claim', 'read'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  /** Names the key in the log: the first 8 hexadecimal digits of its SHA-256. */
  name: string;
  scopes: ReadonlySet<string>;
}

interface HashedKey extends ApiKey {
  hash: Buffer;
  scopes: Set<string>;
}

const KEY = /^[!-~]{16,}$/;
const RULE = 'each of at least 16 visible ASCII characters, separated by commas';
/** A line break around a comma, or at the end of a file, separates nothing. */
const SEPARATOR = /\s*[,\n]\s*/;
const CREDENTIALS = /^Bearer +([!-~]+)$/i;

export class ApiKeys {
  /** A scope without keys. Anyone may use its operations. */
  readonly openScopes: readonly Scope[];
  /** Whether `reload` has files to read. */
  readonly hasFiles: boolean;
  readonly #config: Config;
  #keys: HashedKey[];

  /** @throws Error `invalid setting: …`, which names the setting, but no key. */
  constructor(config: Config) {
    const isSet = (name: keyof Config) => config[name] !== undefined;
    this.openScopes = SCOPES.filter((scope) => !Object.values(settingsOf(scope)).some(isSet));
    this.hasFiles = SCOPES.some((scope) => isSet(settingsOf(scope).file));
    this.#config = config;
    this.#keys = readKeys(config);
  }

  /**
   * Reads the files again. An open scope stays open.
   * @throws Error like the constructor. Then the keys stay as they are.
   */
  reload(): void {
    this.#keys = readKeys(this.#config);
  }

  /** Whether an operation that names these scopes needs no key. One that names none, or others, needs one. */
  isOpen(scopes: readonly string[]): boolean {
    return scopes.length > 0 && scopes.every((scope) => this.openScopes.includes(scope as Scope));
  }

  /** Finds the key of an Authorization header. It takes as long for a wrong key as for a right one. */
  find(authorization: string | undefined): ApiKey | undefined {
    const [, text] = CREDENTIALS.exec(authorization ?? '') ?? [];
    if (text === undefined) return undefined;
    const hash = sha256(text);
    let found: ApiKey | undefined;
    for (const key of this.#keys) if (timingSafeEqual(key.hash, hash)) found = key;
    return found;
  }

  /** Names the keys of each scope, for the log. */
  names(): Partial<Record<Scope, string[]>> {
    const closed = SCOPES.filter((scope) => !this.openScopes.includes(scope));
    const namesOf = (scope: Scope) =>
      this.#keys.filter(({ scopes }) => scopes.has(scope)).map(({ name }) => name);
    return Object.fromEntries(closed.map((scope) => [scope, namesOf(scope)]));
  }
}

/** The settings that hold the keys of a scope. */
export function settingsOf(scope: Scope) {
  const list = `${scope.toUpperCase() as Uppercase<Scope>}_API_KEYS` as const;
  return { list, file: `${list}_FILE` as const };
}

/** A key that stands in several lists has all of their scopes. */
function readKeys(config: Config): HashedKey[] {
  const keys = new Map<string, HashedKey>();
  for (const scope of SCOPES) {
    for (const text of textsOf(config, scope)) {
      const hash = sha256(text);
      const id = hash.toString('hex');
      const key = keys.get(id) ?? { hash, name: id.slice(0, 8), scopes: new Set() };
      key.scopes.add(scope);
      keys.set(id, key);
    }
  }
  return [...keys.values()];
}

function textsOf(config: Config, scope: Scope): string[] {
  const { list, file } = settingsOf(scope);
  const listed = config[list];
  const path = config[file];
  return [
    ...(listed === undefined ? [] : split(listed, `${list} must be keys, ${RULE}`)),
    ...(path === undefined ? [] : split(readText(path, file), `${file} must hold keys, ${RULE} or lines`)),
  ];
}

function split(text: string, rule: string): string[] {
  const keys = text.trim().split(SEPARATOR);
  if (!keys.every((key) => KEY.test(key))) throw invalidSetting(rule);
  return keys;
}

/** The error has no path: it may be a key that was put into the wrong setting. */
function readText(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalidSetting(`${setting} must name a file that can be read (${code})`);
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
