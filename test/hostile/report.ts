import type { AttackResult, Counts } from './attack.js';
import type { Conversation } from './wire.js';

/** Words for what an attack found. */

export function describeCounts(counts: Counts): string {
  const lines = Object.entries(counts).sort(([a], [b]) => a.localeCompare(b));
  return lines.map(([name, count]) => `${String(count).padStart(10)}  ${name}`).join('\n');
}

export function describeFailure(failure: NonNullable<AttackResult['failure']>, url: string): string {
  const { seed, conversations, message } = failure;
  const sent = conversations
    .map((conversation, i) => describeConversation(conversation, i, url))
    .join('\n\n');
  return `seed ${seed}: ${message}\n\n${sent}`;
}

function describeConversation({ items, pieces }: Conversation, i: number, url: string): string {
  const { hostname, port } = new URL(url);
  const bytes = Buffer.concat(pieces);
  const lines = items.map(({ bytes, expected, isMutated }, n) => {
    const shown = JSON.stringify(bytes.toString('latin1').slice(0, 2_000));
    const right = isMutated ? 'any answer' : (JSON.stringify(expected) ?? 'what the database says');
    return `  ${n + 1}. ${shown}\n     expected: ${right}`;
  });
  return [
    `connection ${i + 1}, in ${pieces.length} pieces:`,
    ...lines,
    '  again, with the shell:',
    `  echo ${bytes.toString('base64')} | base64 -d | nc -q 5 ${hostname} ${port}`,
  ].join('\n');
}
