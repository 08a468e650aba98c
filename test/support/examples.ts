/** A command that a document shows, and the output that it promises. */
export interface Example {
  line: number;
  command: string;
  /** Undefined: the document shows no output. */
  output: string | undefined;
}

/** Where the documents say that the service listens. */
export const DOCUMENTED_URL = 'http://localhost:3000';
export const DOCUMENTED_AUDIT = 'npm run --silent audit';

const FENCE = /^(?<skipped><!-- not run -->\n+)?```(?<language>\w*)\n(?<text>.*?)^```$/gms;
const SHELLS = ['sh', 'bash'];
const CALLS = [DOCUMENTED_URL, DOCUMENTED_AUDIT];

/**
 * Reads the examples of a Markdown document: the shell blocks that call the service or the audit, each
 * with the output block that follows it without any text in between. `<!-- not run -->` above a block leaves
 * it out, and readers do not see it.
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
    if (isSkipped || !isShell || !CALLS.some((call) => text.includes(call))) return [];
    const next = fences[i + 1];
    const isOutput = next && !next.isShell && markdown.slice(end, next.begin).trim() === '';
    const line = markdown.slice(0, begin).split('\n').length;
    return [{ line, command: text, output: isOutput ? next.text : undefined }];
  });
}

/** Is the output what the document shows? `…` stands for any text, and white space is all the same. */
export function isAsShown(shown: string, output: string): boolean {
  const pattern = oneLine(shown)
    .split(/ ?… ?/)
    .map((text) => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${pattern}$`, 'u').test(oneLine(output));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
