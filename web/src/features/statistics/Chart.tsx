import { Button, Group, Skeleton, Table, Text, useComputedColorScheme } from '@mantine/core';
import { IconChartBar, IconPhotoDown, IconTable, IconTableExport } from '@tabler/icons-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { saveText } from '../../shell/saveText';
import type { Option } from './echarts';
import { type Cell, csvOf } from './statistics';
import classes from './statistics.module.css';

/** The colours of the page as it is now. */
export interface Palette {
  text: string;
  dimmed: string;
  line: string;
  ground: string;
  first: string;
  second: string;
  third: string;
}

function paletteOf(): Palette {
  const style = getComputedStyle(document.documentElement);
  const variable = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: variable('--mantine-color-text'),
    dimmed: variable('--mantine-color-dimmed'),
    line: variable('--bedel-line'),
    ground: variable('--mantine-color-body'),
    first: variable('--bedel-series-first'),
    second: variable('--bedel-series-second'),
    third: variable('--bedel-series-third'),
  };
}

interface Drawing {
  draw(option: (palette: Palette) => Option): void;
  png(): string;
  resize(): void;
  dispose(): void;
}

interface ChartProps {
  title: string;
  /** What it shows, in a sentence: for whoever does not see it. */
  summary: string;
  /** What downloads are called, without an ending. */
  name: string;
  height?: number;
  /** The data as a table: what is drawn, in figures. */
  columns: string[];
  rows: Cell[][];
  /** How a figure is written in the table; CSV has it bare. */
  show?: (cell: Cell, column: number) => string;
  /** What is drawn, in these colours. */
  option: (palette: Palette) => Option;
  /** Only the picture: for a wall, where nobody presses anything. */
  bare?: boolean;
  children?: ReactNode;
}

/** A chart with its data as a table one click away, to download as picture and as CSV. */
export function Chart({
  title,
  summary,
  name,
  height = 260,
  columns,
  rows,
  show = String,
  option,
  bare = false,
  children,
}: ChartProps) {
  const { t } = useTranslation();
  const [asTable, setAsTable] = useState(false);
  const drawing = useRef<Drawing | null>(null);
  const savePicture = () => {
    const link = document.createElement('a');
    link.href = drawing.current?.png() ?? '';
    link.download = `${name}.png`;
    if (drawing.current !== null) link.click();
  };
  return (
    <section className={`panel ${classes.chart}`} aria-label={title} data-chart={name}>
      <div className={classes.head}>
        <div>
          <h2>{title}</h2>
          {children}
        </div>
        <Group gap={4} className={classes.actions} display={bare ? 'none' : undefined}>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={asTable ? <IconChartBar size={16} aria-hidden /> : <IconTable size={16} aria-hidden />}
            aria-pressed={asTable}
            onClick={() => setAsTable(!asTable)}
          >
            {t(asTable ? 'statistics.asChart' : 'statistics.asTable')}
          </Button>
          {asTable ? null : (
            <Button
              variant="subtle"
              color="gray"
              size="compact-sm"
              leftSection={<IconPhotoDown size={16} aria-hidden />}
              aria-label={`PNG: ${title}`}
              onClick={savePicture}
            >
              PNG
            </Button>
          )}
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<IconTableExport size={16} aria-hidden />}
            aria-label={`CSV: ${title}`}
            onClick={() => saveText(`${name}.csv`, 'text/csv', csvOf(columns, rows))}
          >
            CSV
          </Button>
        </Group>
      </div>
      {asTable ? (
        <section
          className={classes.table}
          style={{ maxHeight: height + 80 }}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label={`${title}: ${t('statistics.data')}`}
        >
          <Table verticalSpacing={4} horizontalSpacing={12}>
            <Table.Thead>
              <Table.Tr>
                {columns.map((column) => (
                  <Table.Th key={column}>{column}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.join()}>
                  {row.map((cell, index) => (
                    <Table.Td key={columns[index]}>{show(cell, index)}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
      ) : (
        <Canvas option={option} height={height} summary={summary} drawing={drawing} />
      )}
    </section>
  );
}

interface CanvasProps {
  option: (palette: Palette) => Option;
  height: number;
  summary: string;
  drawing: { current: Drawing | null };
}

function Canvas({ option, height, summary, drawing }: CanvasProps) {
  const { t } = useTranslation();
  const host = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: false });
  const [state, setState] = useState<'loading' | 'drawn' | 'failed'>('loading');
  const latest = useRef(option);
  latest.current = option;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another scheme is another drawing
  useEffect(() => {
    let ended = false;
    import('./echarts').then(
      ({ init }) => {
        const element = host.current;
        if (ended || element === null) return;
        const palette = paletteOf();
        const chart = init(element, null, { renderer: 'canvas' });
        const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
        drawing.current = {
          draw: (next) => chart.setOption({ animation: !still, animationDuration: 150, ...next(palette) }, true),
          png: () => chart.getDataURL({ type: 'png', pixelRatio: 2, backgroundColor: palette.ground }),
          resize: () => chart.resize(),
          dispose: () => chart.dispose(),
        };
        drawing.current.draw(latest.current);
        setState('drawn');
      },
      () => setState('failed'),
    );
    const watcher = new ResizeObserver(() => drawing.current?.resize());
    if (host.current !== null) watcher.observe(host.current);
    return () => {
      ended = true;
      watcher.disconnect();
      drawing.current?.dispose();
      drawing.current = null;
    };
  }, [scheme, drawing]);
  // What moves is drawn over what is there, which does not blink.
  useEffect(() => drawing.current?.draw(option), [option, drawing]);
  if (state === 'failed') {
    return (
      <Text size="sm" c="dimmed" role="alert" p={16}>
        {t('statistics.notDrawn')}
      </Text>
    );
  }
  return (
    <div className={classes.canvas} style={{ height }} role="img" aria-label={summary}>
      {state === 'loading' ? <Skeleton height={height} className={classes.loading} /> : null}
      <div ref={host} style={{ height }} />
    </div>
  );
}
