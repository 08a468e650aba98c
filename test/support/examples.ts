/** A command that a document shows, and the output that it promises. */
export interface Example {
  line: number;
  command: string;
  /** Undefined: the document shows no output. */
  output: string | undefined;
  /** The command starts the service anew, with these settings. */
  settings?: Record<string, string>;
}

/** Where the documents say that the service listens. */
export const DOCUMENTED_URL = 'http://localhost:3000';
export const DOCUMENTED_AUDIT = 'npm run --silent audit';

const FENCE = /^(?<skipped><!-- not run -->\n+)?```(?<language>\w*)\n(?<text>.*?)^```$/gms;
const SHELLS = ['sh', 'bash'];
const CALLS = [DOCUMENTED_URL, DOCUMENTED_AUDIT];
const START = /^(?<settings>([A-Z_]+=\S+ )+)npm start$/;

/**
 * Reads the examples of a Markdown document: the shell blocks that call the service or the audit, each
 * with the output block that follows it without any text in between, and those that start the service with
 * settings. `<!-- not run -->` above a block leaves it out, and readers do not see it.
 */
export function readExamples(markdown: string): Example[] {
  const fences = Array.from(markdown.matchAll(FENCE), ({ index, 0: source, groups = {} }) => ({
    begin: index,
    end: index + source.length,
    isSkipped: groups['skipped'] !== undefined,
    isShell: SHELLS.includes(groups['language'] ?? ''),
    text: groups['text'] ?? '',
  }));
  return fences.flatMap(({ begin, end, isSkipped, isShell, text }, i) => {
    if (isSkipped || !isShell) return [];
    const line = markdown.slice(0, begin).split('\n').length;
    const start = START.exec(text.trim());
    if (start) return [{ line, command: text, output: undefined, settings: settingsIn(start) }];
    if (!CALLS.some((call) => text.includes(call))) return [];
    const next = fences[i + 1];
    const isOutput = next && !next.isShell && markdown.slice(end, next.begin).trim() === '';
    return [{ line, command: text, output: isOutput ? next.text : undefined }];
  });
}

function settingsIn({ groups }: RegExpExecArray): Record<string, string> {
  const pairs = groups?.['settings']?.trim().split(' ') ?? [];
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s, 2)));
}

/**
 * Is the output what the document shows? A line `…` stands for any lines, `…` within quotes for any text
 * without quotes, and elsewhere for any text of its line. A long line may be broken behind a `…`. Empty
 * lines, and how many spaces there are, make no difference.
 */
export function isAsShown(shown: string, output: string): boolean {
  const pattern = linesOf(shown).map((line) => {
    if (line === '…') return '(?:.+\n)*';
    return `${patternOf(line)}\n${line.endsWith('…') ? '?' : ''}`;
  });
  const lines = linesOf(output).map((line) => `${line}\n`);
  return new RegExp(`^${pattern.join('')}$`, 'u').test(lines.join(''));
}

function patternOf(line: string): string {
  // Between the first and the second quote, the third and the fourth, and so on.
  return line
    .split('"')
    .map((text, i) => {
      const escaped = text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
      return i % 2 === 1 ? escaped.replaceAll('…', '[^"]*') : escaped.replace(/ ?… ?/g, '.*');
    })
    .join('"');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\s+/g, ' ').trim());
  return lines.filter((line) => line !== '');
}
