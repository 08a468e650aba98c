import { drawCharts } from './charts.js';
import type { Results } from './results.js';
import { type Part, partsOf } from './tables.js';

const STYLE = `
  body { margin: 0 auto; max-width: 1200px; padding: 32px 24px 64px; color: #1e293b; background: #f8fafc;
    font: 15px/1.5 system-ui, sans-serif; }
  p { margin: 0 0 6px; max-width: 75em; color: #475569; }
  table { margin: 24px 0; border-collapse: collapse; background: #fff; border: 1px solid #e2e8f0; font-size: 14px; }
  th, td { padding: 5px 14px; text-align: right; white-space: nowrap; border-bottom: 1px solid #e2e8f0; }
  th { background: #f1f5f9; }
  th:first-child, td:first-child { text-align: left; }
  .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(540px, 100%), 1fr)); gap: 20px; }
  .charts > * { padding: 16px; background: #fff; border: 1px solid #e2e8f0; border-radius: 6px; }
  svg { display: block; max-width: 100%; height: auto; }`;

/** Draws one HTML page that contains everything it shows. */
export async function drawPage(results: Results): Promise<string> {
  const title = `Benchmark of ${results.startedAt.slice(0, 16).replace('T', ' ')} UTC`;
  const charts = await drawCharts(results);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}
</style>
<h1>${title}</h1>
${partsOf(results).map(toHtml).join('\n')}
<p>After each step, the claims in the database were checked against the answers.</p>
<div class="charts">
${charts.map((svg) => `<div>${svg}</div>`).join('\n')}
</div>
</html>
`;
}

function toHtml(part: Part): string {
  const text = (cell: string) =>
    cell
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replace(/\*\*(.*)\*\*/, '<b>$1</b>');
  if (typeof part === 'string') return `<p>${text(part)}</p>`;
  const lines = part.map((row, i) =>
    row.map((cell) => (i === 0 ? `<th>${text(cell)}` : `<td>${text(cell)}`)),
  );
  return `<table>\n${lines.map((cells) => `<tr>${cells.join('')}`).join('\n')}\n</table>`;
}
