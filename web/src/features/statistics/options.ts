import type { Palette } from './Chart';
import type { Option } from './echarts';

/** What all of the portal's charts have in common: axes begin at zero, figures stand where they belong. */
function base(palette: Palette, left: number): Option {
  return {
    textStyle: { fontFamily: 'system-ui, sans-serif', color: palette.dimmed },
    grid: { left, right: 16, top: 16, bottom: 28 },
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: 'shadow' },
      backgroundColor: palette.ground,
      borderColor: palette.line,
      textStyle: { color: palette.text, fontSize: 12 },
      confine: true,
    },
  };
}

interface Series {
  name: string;
  values: number[];
}

/** One or two series of bars, stacked, over labels. */
export function columnsOption(
  palette: Palette,
  labels: string[],
  series: Series[],
  write: (value: number) => string,
): Option {
  const colours = [palette.first, palette.second];
  return {
    ...base(palette, 72),
    // Two series differ by pattern too.
    aria: { enabled: true, label: { enabled: false }, decal: { show: series.length > 1 } },
    xAxis: {
      type: 'category',
      data: labels,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.dimmed, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 4,
      axisLabel: { color: palette.dimmed, formatter: write },
      splitLine: { lineStyle: { color: palette.line } },
    },
    series: series.map(({ name, values }, index) => ({
      type: 'bar',
      name,
      stack: 'all',
      data: values,
      barMaxWidth: 28,
      itemStyle: { color: colours[index] },
      tooltip: { valueFormatter: (value: unknown) => write(Number(value)) },
    })),
  };
}

/** Bars that lie, each with its figure at its end; the first on top. */
export function barsOption(
  palette: Palette,
  labels: string[],
  values: number[],
  write: (value: number) => string,
  left: number,
  size = 12,
): Option {
  return {
    ...base(palette, left),
    grid: { left, right: size * 5 + 4, top: 4, bottom: 4 },
    xAxis: { type: 'value', min: 0, show: false },
    yAxis: {
      type: 'category',
      data: labels,
      inverse: true,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.text, fontSize: size, width: left - 16, overflow: 'truncate' },
    },
    series: [
      {
        type: 'bar',
        data: values,
        barMaxWidth: size * 2 - 4,
        itemStyle: { color: palette.first },
        label: {
          show: true,
          position: 'right',
          color: palette.text,
          fontSize: size,
          formatter: ({ value }: { value: unknown }) => write(Number(value)),
        },
        tooltip: { valueFormatter: (value: unknown) => write(Number(value)) },
      },
    ],
  };
}

interface Line {
  name: string;
  /** `null` where there is none. */
  values: (number | null)[];
}

const DASHES = ['solid', 'dashed', 'dotted'] as const;

/** Up to three lines over moments, each with its name at its end and a stroke of its own. */
export function linesOption(
  palette: Palette,
  labels: string[],
  lines: Line[],
  write: (value: number) => string,
): Option {
  const colours = [palette.first, palette.second, palette.third];
  return {
    ...base(palette, 72),
    grid: { left: 72, right: 48, top: 16, bottom: 28 },
    xAxis: {
      type: 'category',
      data: labels,
      boundaryGap: false,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: palette.line } },
      axisLabel: { color: palette.dimmed, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 4,
      axisLabel: { color: palette.dimmed, formatter: write },
      splitLine: { lineStyle: { color: palette.line } },
    },
    series: lines.map(({ name, values }, index) => ({
      type: 'line',
      name,
      data: values,
      symbol: 'circle',
      symbolSize: 4,
      showSymbol: values.length < 3,
      lineStyle: { width: 2, type: DASHES[index], color: colours[index] },
      itemStyle: { color: colours[index] },
      endLabel: { show: true, formatter: '{a}', color: palette.text },
      labelLayout: { moveOverlap: 'shiftY' },
      tooltip: { valueFormatter: (value: unknown) => (value === null ? '' : write(Number(value))) },
    })),
  };
}

/** A whole in two parts, each with its name, figure and share beside it. */
export function pieOption(
  palette: Palette,
  parts: { name: string; value: number }[],
  write: (value: number) => string,
  size = 13,
): Option {
  const colours = [palette.first, palette.second];
  return {
    textStyle: { fontFamily: 'system-ui, sans-serif', color: palette.dimmed },
    // They differ by pattern too.
    aria: { enabled: true, label: { enabled: false }, decal: { show: true } },
    series: [
      {
        type: 'pie',
        // The least card leaves room for a name on either side.
        radius: '50%',
        startAngle: 90,
        data: parts.map(({ name, value }, index) => ({
          name,
          value,
          itemStyle: { color: colours[index], borderColor: palette.ground, borderWidth: 2 },
        })),
        emphasis: { scale: false },
        label: {
          color: palette.text,
          overflow: 'none',
          // From the card's edge inwards: nothing is cut off, however long a figure becomes.
          alignTo: 'edge',
          edgeDistance: 0,
          fontSize: size,
          lineHeight: size * 1.4,
          formatter: ({ name, value, percent }: { name: string; value: number; percent: number }) =>
            `${name}\n${write(value)}\n${Math.round(percent)} %`,
        },
        labelLine: { length: 6, length2: 0, lineStyle: { color: palette.dimmed } },
      },
    ],
  };
}
