import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A consumer of the log in its own process, which may be killed at any moment. It writes each page and the
 * cursor behind it in one line of a file: both are there, or neither. It goes on behind the last line.
 */
const { CONSUMER_URLS = '', CONSUMER_FILE = '' } = process.env;
const urls = CONSUMER_URLS.split(' ');

let after = resume();
for (let i = 0; ; i++) {
  const query = new URLSearchParams({ limit: String(1 + Math.floor(Math.random() * 30)), wait: '1' });
  if (after) query.set('after', after);
  try {
    const signal = AbortSignal.timeout(20_000);
    const response = await fetch(`${urls[i % urls.length]}/api/events?${query}`, { signal });
    const text = await response.text();
    if (response.status === 410) throw new Error(text);
    if (response.status !== 200) continue;
    after = JSON.parse(text).next_cursor;
    appendFileSync(CONSUMER_FILE, `${text}\n`);
  } catch {
    // The service is away, or the answer was cut off.
    await sleep(20);
  }
}

function resume(): string | undefined {
  if (!existsSync(CONSUMER_FILE)) return undefined;
  const text = readFileSync(CONSUMER_FILE, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  truncateSync(CONSUMER_FILE, Buffer.byteLength(whole));
  const last = whole.trimEnd().split('\n').at(-1);
  return last ? JSON.parse(last).next_cursor : undefined;
}
