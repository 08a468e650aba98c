import { readFileSync } from 'node:fs';
import type { Config } from '../config.js';

const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

/**
 * Reads the secrets that sign messages, of RELAY_SECRET or else of RELAY_SECRET_FILE.
 * @throws Error that names the setting, and never shows the value.
 */
export function readSecrets({ RELAY_SECRET, RELAY_SECRET_FILE }: Config): string[] {
  const secrets = (RELAY_SECRET ?? readSecretFile(RELAY_SECRET_FILE)).split(/[\s,]+/).filter(Boolean);
  if (secrets.length === 0 || !secrets.every(isSecret)) {
    throw new Error(
      `invalid setting: RELAY_SECRET must be whsec_ and ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes in base64`,
    );
  }
  return secrets;
}

function readSecretFile(file: string | undefined): string {
  if (!file) return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(
      `invalid setting: RELAY_SECRET_FILE cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

function isSecret(text: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  const { length } = Buffer.from(text.slice('whsec_'.length), 'base64');
  return length >= SECRET_BYTES_MIN && length <= SECRET_BYTES_MAX;
}
