import * as echarts from 'echarts';
import { round } from './report.js';

/** The kinds of charts, drawn as SVG that needs neither a script nor the network. */
export interface Chart {
  title: string;
  /** How it was measured, and in what unit. */
  subtitle: string;
  svg: string;
}

export interface Series {
  name: string;
  color: string;
  values: (number | null)[];
}

/** A horizontal bar. */
export interface Bar {
  name: string;
  /** Side by side, each in the colour at the same place. */
  parts: number[];
  colors: string[];
  /** Single measurements. */
  dots: number[];
}

const WIDTH = 540;
const HEIGHT = 300;
const BAR_HEIGHT = 34;
/** For names beside bars: where there is no browser, texts cannot be measured. */
const NAME_WIDTH = 104;
const FIGURE_WIDTH = 56;
const INK = '#1e293b';
const FAINT = '#e2e8f0';
const GREY = '#64748b';

/** Bars one under the other, with their figures in a column. */
export function ranking(title: string, subtitle: string, bars: Bar[], partNames: string[] = []): Chart {
  const upwards = bars.toReversed();
  const legendHeight = partNames.length > 0 ? 30 : 4;
  const height = legendHeight + 30 + BAR_HEIGHT * bars.length;
  return draw(title, subtitle, height, {
    legend: legend(partNames),
    grid: grid({ left: NAME_WIDTH, right: FIGURE_WIDTH, top: legendHeight }),
    xAxis: valueAxis(),
    yAxis: [
      nameAxis(upwards.map(({ name }) => name)),
      {
        ...nameAxis(upwards.map(({ parts }) => round(parts.reduce((sum, part) => sum + part, 0)))),
        position: 'right',
        axisLine: { show: false },
        axisLabel: { color: INK, fontWeight: 'bold', interval: 0 },
      },
    ],
    series: [
      ...(bars[0]?.parts ?? []).map((_, part) => ({
        name: partNames[part] ?? '',
        type: 'bar' as const,
        stack: 'parts',
        barWidth: '60%',
        // The colour of the legend; the bars have their own.
        itemStyle: { color: bars[0]?.colors[part] ?? INK },
        data: upwards.map(({ parts, colors }) => ({
          value: parts[part] ?? 0,
          itemStyle: { color: colors[part] ?? INK },
        })),
      })),
      {
        type: 'scatter',
        symbolSize: 5,
        itemStyle: { color: INK, opacity: 0.55 },
        data: upwards.flatMap(({ dots }, i) => dots.map((value) => [value, i])),
      },
    ],
  });
}

/** Groups of columns, each with its figure on it. */
export function columns(title: string, subtitle: string, names: string[], series: Series[]): Chart {
  return draw(title, subtitle, HEIGHT, {
    legend: legend(series.map(({ name }) => name)),
    grid: grid({ left: 48, right: 8, top: 44 }),
    xAxis: nameAxis(names),
    yAxis: valueAxis(),
    series: series.map(({ name, color, values }) => ({
      name,
      type: 'bar',
      barMaxWidth: 44,
      itemStyle: { color },
      label: figures('top'),
      data: values,
    })),
  });
}

/** Lines over sizes that stand at equal distances, whatever they are. */
export function lines(title: string, subtitle: string, names: string[], series: Series[]): Chart {
  const isNamed = series.length > 1;
  return draw(title, subtitle, HEIGHT, {
    legend: legend(isNamed ? series.map(({ name }) => name) : []),
    grid: grid({ left: 56, right: 28, top: isNamed ? 44 : 22 }),
    xAxis: nameAxis(names),
    yAxis: valueAxis(),
    series: series.map(({ name, color, values }, i) => ({
      name,
      type: 'line',
      symbol: 'circle',
      symbolSize: 7,
      lineStyle: { color, width: 2.5 },
      itemStyle: { color },
      // Those of a second line would lie on those of the first.
      label: i === 0 ? figures('top') : { show: false },
      data: values,
    })),
  });
}

/** What happened in each interval of time, and a moment that matters. */
export function timeline(
  title: string,
  subtitle: string,
  intervalSeconds: number,
  series: Series[],
  moment: { seconds: number; name: string },
): Chart {
  const count = Math.max(...series.map(({ values }) => values.length));
  return draw(title, subtitle, HEIGHT, {
    legend: legend(series.map(({ name }) => name)),
    grid: grid({ left: 56, right: 28, top: 60, bottom: 44 }),
    xAxis: { ...valueAxis(), min: 0, name: 'seconds since the start', nameLocation: 'middle', nameGap: 26 },
    yAxis: valueAxis(),
    series: series.map(({ name, color, values }, i) => ({
      name,
      type: 'bar',
      stack: 'all',
      barWidth: Math.max(1, Math.floor((WIDTH - 90) / count) - 1),
      itemStyle: { color },
      data: values.map((value, at) => [(at + 0.5) * intervalSeconds, value]),
      ...(i === 0 && {
        markLine: {
          symbol: 'none',
          lineStyle: { color: INK, type: 'dashed' as const },
          label: { formatter: moment.name, color: INK, position: 'end' as const, align: 'left' as const },
          data: [{ xAxis: moment.seconds }],
        },
      }),
    })),
  });
}

function draw(title: string, subtitle: string, height: number, option: echarts.EChartsOption): Chart {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  const textStyle = { fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif', color: INK };
  chart.setOption({ animation: false, textStyle, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return { title, subtitle, svg };
}

function legend(names: string[]) {
  return { show: names.length > 0, data: names, top: 0, left: 0, itemWidth: 14, itemHeight: 10, itemGap: 32 };
}

function grid(edges: { left: number; right: number; top: number; bottom?: number }) {
  return { bottom: 26, ...edges, outerBoundsMode: 'none' as const };
}

function figures(position: 'top') {
  return {
    show: true,
    position,
    color: INK,
    // Readable where a line runs behind it.
    backgroundColor: 'rgba(255, 255, 255, 0.8)',
    formatter: ({ value }: { value: unknown }) => round(value as number),
  };
}

function valueAxis() {
  return {
    type: 'value' as const,
    splitLine: { lineStyle: { color: FAINT } },
    axisLabel: { color: GREY, formatter: (value: number) => value.toLocaleString('en') },
  };
}

function nameAxis(names: string[]) {
  return {
    type: 'category' as const,
    data: names,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: GREY } },
    axisLabel: { color: INK, interval: 0 },
  };
}
