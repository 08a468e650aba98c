import type { Config } from '../config.js';

/** A URL with one host, or with several: `postgres://user:password@host1:5432,host2:5432/database`. */
const URL_PARTS = /^(postgres(?:ql)?:\/\/(?:[^@/?]*@)?)([^/?]*)(.*)$/s;

/** One URL per host, in their order. */
export function hostUrls(url: string): string[] {
  const [, head = '', hosts = '', tail = ''] = URL_PARTS.exec(url) ?? [];
  return hosts.split(',').map((host) => head + host + tail);
}

/** Several URLs, separated by white space or commas. The hosts of one URL are separated by commas, too. */
function splitUrls(text: string): string[] {
  return text.trim().split(/[\s,]+(?=postgres(?:ql)?:\/\/)/);
}

/**
 * Whether every host has a URL that can be read. An unescaped `#` in a password cuts the URL off, and
 * postgres.js throws at a stray `%`.
 */
export function isDatabaseUrl(url: string): boolean {
  return hostUrls(url).every((url) => {
    try {
      const { hash, href } = new URL(url);
      return hash === '' && decodeURIComponent(href) !== '';
    } catch {
      return false;
    }
  });
}

/** The databases of the settings. None: the embedded PostgreSQL. */
export function databaseUrls({
  DATABASE_URL,
  DATABASE_URLS,
}: Pick<Config, 'DATABASE_URL' | 'DATABASE_URLS'>): string[] {
  if (DATABASE_URLS) return splitUrls(DATABASE_URLS);
  return DATABASE_URL ? [DATABASE_URL] : [];
}
