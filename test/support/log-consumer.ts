import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { createClient } from '../../clients/typescript/src/index.js';
import { inTurn } from './in-turn.js';

/**
 * A consumer of the log in its own process, which may be killed at any moment. It writes each event, whose id
 * is the cursor behind it, in one line of a file: both are there, or neither. It goes on behind the last
 * line.
 */
const { CONSUMER_URLS = '', CONSUMER_FILE = '' } = process.env;
const urls = CONSUMER_URLS.split(' ');

const client = createClient({ baseUrl: urls[0]!, fetch: inTurn(urls) });
const pageSize = 1 + Math.floor(Math.random() * 30);
for await (const event of client.events({ after: resume(), pageSize })) {
  appendFileSync(CONSUMER_FILE, `${JSON.stringify(event)}\n`);
}

function resume(): string | undefined {
  if (!existsSync(CONSUMER_FILE)) return undefined;
  const text = readFileSync(CONSUMER_FILE, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  truncateSync(CONSUMER_FILE, Buffer.byteLength(whole));
  const last = whole.trimEnd().split('\n').at(-1);
  return last ? JSON.parse(last).id : undefined;
}
