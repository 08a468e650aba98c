import { drawCharts } from './charts.js';
import { describe, type Results, round } from './report.js';

/** One page that holds all it shows. */
export function drawPage(results: Results): string {
  const rows = results.verdicts.map(
    ({ what, value, rounds, unit, limit, isFloor, isMet }) => `
      <tr>
        <td>${escapeHtml(what)}</td>
        <td class="number"><b>${round(value)}</b> ${unit}</td>
        <td class="number">${rounds.length > 1 ? `${round(Math.min(...rounds))} – ${round(Math.max(...rounds))}` : ''}</td>
        <td class="number">${isFloor ? '≥' : '≤'} ${limit} ${unit}</td>
        <td class="${isMet ? 'met' : 'missed'}">${isMet ? 'met' : 'missed'}</td>
      </tr>`,
  );
  const verdicts = `
    <table>
      <thead><tr><th>Comparison</th><th class="number">Median</th><th class="number">Rounds</th><th class="number">Wanted</th><th></th></tr></thead>
      <tbody>${rows.join('')}
      </tbody>
    </table>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Benchmark of ${escapeHtml(results.startedAt.slice(0, 16).replace('T', ' '))} UTC</title>
<style>
  body { margin: 0 auto; max-width: 1200px; padding: 32px 24px 64px; color: #1e293b; background: #f8fafc;
    font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
  h1 { margin: 0 0 8px; font-size: 24px; }
  p { margin: 0 0 6px; max-width: 75em; color: #475569; }
  table { margin: 24px 0; border-collapse: collapse; background: #fff; border: 1px solid #e2e8f0; }
  th, td { padding: 7px 14px; text-align: left; border-bottom: 1px solid #e2e8f0; }
  th { font-weight: 600; background: #f1f5f9; }
  .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  .met { color: #15803d; }
  .missed { color: #b91c1c; font-weight: 600; }
  .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(540px, 100%), 1fr)); gap: 20px; margin-top: 24px; }
  figure { margin: 0; padding: 16px; background: #fff; border: 1px solid #e2e8f0; border-radius: 6px; }
  figcaption { margin-bottom: 12px; color: #64748b; font-size: 13px; }
  figcaption b { color: #1e293b; font-size: 15px; }
  svg { display: block; max-width: 100%; height: auto; }
</style>
</head>
<body>
<h1>Benchmark</h1>
${describe(results)
  .split('\n')
  .map((line) => `<p>${escapeHtml(line)}</p>`)
  .join('\n')}
<p>After each step, the claims in the database were held against the answers.</p>
${rows.length > 0 ? verdicts : ''}
<div class="charts">
${drawCharts(results)
  .map(
    ({ title, subtitle, svg }) =>
      `<figure><figcaption><b>${escapeHtml(title)}</b><br>${escapeHtml(subtitle)}</figcaption>${svg}</figure>`,
  )
  .join('\n')}
</div>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
