import { drawCharts } from './charts.js';
import type { Results } from './results.js';
import { describe } from './tables.js';

const STYLE = `
  body { margin: 0 auto; max-width: 1200px; padding: 32px 24px 64px; color: #1e293b; background: #f8fafc;
    font: 15px/1.5 system-ui, sans-serif; }
  pre, div > div { padding: 16px; background: #fff; border: 1px solid #e2e8f0; border-radius: 6px; }
  pre { font-size: 13px; white-space: pre-wrap; }
  div { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(540px, 100%), 1fr)); gap: 20px; }
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
<pre>${describe(results).replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>
<p>After each step, the claims in the database were checked against the answers.</p>
<div>
${charts.map((svg) => `<div>${svg}</div>`).join('\n')}
</div>
</html>
`;
}
