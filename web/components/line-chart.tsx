/** A chart of values over time. uPlot draws it, and is loaded with the first one. */
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { language, locale } from '../i18n.js';
import { theme } from '../theme.js';
import './line-chart.css';

export interface ChartSeries {
  readonly label: string;
  /** A custom property of style/tokens.css: `--accent`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
  /** Bars instead of a line. */
  readonly isBars?: boolean;
  /** Its values have another unit, with an axis on the right. */
  readonly isOnRight?: boolean;
}

export interface ChartProps {
  /** What it shows, for screen readers. */
  readonly label: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly left: (value: number) => string;
  readonly right?: (value: number) => string;
}

const HEIGHT = 190;

export function LineChart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = `${props.series.map(({ label }) => label).join()} ${language.value} ${theme.value}`;

  useEffect(() => {
    let isLeft = false;
    let resized: ResizeObserver | null = null;
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const draw = async () => {
      const { default: Plot } = await import('uplot');
      const element = host.current;
      if (isLeft || element === null) return;
      chart.current?.destroy();
      chart.current = new Plot(optionsOf(Plot, latest.current, element), dataOf(latest.current), element);
      resized ??= new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
      resized.observe(element);
    };
    const redraw = () => void draw();
    redraw();
    scheme.addEventListener('change', redraw);
    return () => {
      isLeft = true;
      scheme.removeEventListener('change', redraw);
      resized?.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData(dataOf(props));
  }, [props.times, props.series]);

  return (
    <figure class="chart" aria-label={props.label}>
      <div ref={host} class="chart-host" aria-hidden="true" />
      <figcaption class="chart-legend small">
        {props.series.map(({ label, color }) => (
          <span key={label}>
            <i class="chart-key" style={{ background: `var(${color})` }} /> {label}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

function optionsOf(Plot: typeof uPlot, { series, left, right }: ChartProps, element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  // The canvas needs the colour itself, and `light-dark()` is resolved only where it is used.
  const probe = document.createElement('i');
  element.append(probe);
  const color = (name: string, alpha = '') => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color.replace(/^rgb\((.+)\)$/, alpha === '' ? 'rgb($1)' : `rgba($1, ${alpha})`);
  };
  const grid = { stroke: color('--border'), width: 1 };
  const axis = { stroke: color('--muted'), font: `12px ${style.fontFamily}`, ticks: { show: false } };
  const time = new Intl.DateTimeFormat(locale(), { timeStyle: 'short' });
  const bars = Plot.paths.bars?.({ size: [0.7, 40] });
  const options: uPlot.Options = {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true },
      left: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
      right: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 70,
        size: 28,
        values: (_chart, ticks) => ticks.map((at) => time.format(at * 1_000)),
      },
      { ...axis, scale: 'left', grid, size: 76, values: (_chart, ticks) => ticks.map(left) },
      ...(right === undefined
        ? []
        : [
            {
              ...axis,
              scale: 'right',
              side: 1,
              grid: { show: false },
              size: 60,
              values: (_: uPlot, ticks: number[]) => ticks.map(right),
            },
          ]),
    ],
    series: [
      {},
      ...series.map((one) => ({
        scale: one.isOnRight === true ? 'right' : 'left',
        stroke: color(one.color),
        width: one.isBars === true ? 0 : 2,
        fill: color(one.color, one.isBars === true ? '0.75' : '0.12'),
        points: { show: false },
        ...(one.isBars === true && bars !== undefined ? { paths: bars } : {}),
      })),
    ],
  };
  probe.remove();
  return options;
}
