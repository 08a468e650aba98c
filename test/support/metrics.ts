import type { ServiceProcess } from './process.js';

/** What a scrape found: the value of each series, by its name and labels as they are written. */
export type Scrape = Map<string, number>;

/** Scrapes a service that was started with METRICS_PORT. */
export async function scrape(service: ServiceProcess): Promise<Scrape> {
  return readMetrics(await (await fetch(`${await metricsUrl(service)}/metrics`)).text());
}

export async function metricsUrl(service: ServiceProcess): Promise<string> {
  const { msg } = await service.logged('metrics on port');
  return `http://127.0.0.1:${/port (\d+)/.exec(msg)?.[1]}`;
}

export function readMetrics(text: string): Scrape {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The series of one metric: their values by their labels. */
export function seriesOf(scrape: Scrape, name: string): Record<string, number> {
  const own = [...scrape].filter(([series]) => series === name || series.startsWith(`${name}{`));
  return Object.fromEntries(own.map(([series, value]) => [series.slice(name.length), value]));
}
