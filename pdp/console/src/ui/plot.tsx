// Counts over time by answer, stacked. The same counts stand in a table for whoever does not see the canvas.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Histogram } from '../api/schema';
import { formatCount, formatTime } from '../lib/format';

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000];

// The same counts in fewer buckets, `most` of them, so that a bar is wide enough to see.
export function coarser(histogram: Histogram, most = 120): Histogram {
  const span = (Date.parse(histogram.until) - Date.parse(histogram.from)) / 1000;
  const fits = (step: number): boolean => step % histogram.step === 0 && span / step <= most;
  const step = fits(histogram.step) ? histogram.step : (steps.find(fits) ?? histogram.step);
  if (step === histogram.step) return histogram;
  const buckets = new Map<number, Histogram['buckets'][number]>();
  for (const bucket of histogram.buckets) {
    const start = Math.floor(Date.parse(bucket.time) / 1000 / step) * step;
    const before = buckets.get(start);
    buckets.set(start, {
      time: new Date(start * 1000).toISOString(), allow: (before?.allow ?? 0) + bucket.allow, deny: (before?.deny ?? 0) + bucket.deny, other: (before?.other ?? 0) + bucket.other,
    });
  }
  return { ...histogram, step, buckets: [...buckets.values()] };
}

// Every bucket from `from` to `until`; those that the answer leaves out are zero.
export function fillBuckets(histogram: Histogram): { times: number[]; allow: number[]; deny: number[]; other: number[] } {
  const byTime = new Map(histogram.buckets.map((bucket) => [Math.floor(Date.parse(bucket.time) / 1000), bucket]));
  const first = histogram.buckets[0];
  const start = first === undefined ? Math.floor(Date.parse(histogram.from) / 1000) : Math.floor(Date.parse(first.time) / 1000);
  const step = Math.max(1, histogram.step);
  const from = Date.parse(histogram.from) / 1000;
  const until = Date.parse(histogram.until) / 1000;
  const lead = Math.min(Math.max(0, Math.floor((start - from) / step)), 1500);
  const out = { times: [] as number[], allow: [] as number[], deny: [] as number[], other: [] as number[] };
  for (let time = start - lead * step; time < until && out.times.length < 1500; time += step) {
    const bucket = byTime.get(time);
    out.times.push(time);
    out.allow.push(bucket?.allow ?? 0);
    out.deny.push(bucket?.deny ?? 0);
    out.other.push(bucket?.other ?? 0);
  }
  return out;
}

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function stepName(seconds: number): string {
  if (seconds % 86_400 === 0) return seconds === 86_400 ? 'day' : `${seconds / 86_400} days`;
  if (seconds % 3600 === 0) return seconds === 3600 ? 'hour' : `${seconds / 3600} hours`;
  if (seconds % 60 === 0) return seconds === 60 ? 'minute' : `${seconds / 60} minutes`;
  return seconds === 1 ? 'second' : `${seconds} seconds`;
}

// A tick of the time axis: days where ticks are days apart, else the clock.
function tickOf(seconds: number, step: number): string {
  const text = formatTime(new Date(seconds * 1000).toISOString());
  if (step >= 86_400) return text.slice(5, 10);
  const clock = text.slice(11, step < 60 ? 19 : 16);
  return clock === '00:00' ? text.slice(5, 10) : clock;
}

export const perStep = (histogram: Histogram): string => `per ${stepName(histogram.step)}`;

export function TimePlot({ histogram, height = 190, onSelect, showOther = false }: {
  histogram: Histogram; height?: number; onSelect?: (from: Date, until: Date) => void; showOther?: boolean;
}): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const select = useRef(onSelect);
  select.current = onSelect;
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const { times, allow, deny, other } = fillBuckets(histogram);
    const stack = (...parts: number[][]): number[] => times.map((_, index) => parts.reduce((sum, part) => sum + (part[index] ?? 0), 0));
    const bars = uPlot.paths.bars?.({ size: [0.86, 60], align: 1 });
    let plot: uPlot | undefined;
    const draw = (): void => {
      plot?.destroy();
      const axis: uPlot.Axis = {
        stroke: colour('--muted'), font: '12px system-ui, sans-serif', grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false },
      };
      const series = (name: string): uPlot.Series => ({ fill: colour(name), stroke: colour(name), width: 0, ...(bars && { paths: bars }), points: { show: false } });
      plot = new uPlot({
        width: Math.max(120, element.clientWidth - 20), height, legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: onSelect !== undefined, y: false, setScale: false } },
        scales: { x: { time: true, range: () => [times[0] ?? 0, (times.at(-1) ?? 1) + histogram.step] }, y: { range: (_, __, max) => [0, Math.max(4, max * 1.08)] } },
        axes: [
          { ...axis, grid: { show: false }, size: 26, gap: 4, space: 80, values: (_, splits, __, ___, step) => splits.map((value) => tickOf(value, step)) },
          { ...axis, size: 44, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? formatCount(value) : '')) },
        ],
        series: [{}, ...(showOther ? [series('--other-plot')] : []), series('--allow-plot'), series('--deny-plot')],
        hooks: {
          setSelect: [(self) => {
            if (self.select.width < 4 || select.current === undefined) return;
            const from = self.posToVal(self.select.left, 'x');
            const until = self.posToVal(self.select.left + self.select.width, 'x');
            select.current(new Date(from * 1000), new Date(until * 1000));
          }],
        },
      }, [times, ...(showOther ? [stack(allow, deny, other)] : []), stack(allow, deny), deny], element);
    };
    draw();
    const watch = new ResizeObserver(() => plot?.setSize({ width: Math.max(120, element.clientWidth - 20), height }));
    watch.observe(element);
    window.addEventListener('portreeve-theme', draw);
    return () => {
      watch.disconnect();
      window.removeEventListener('portreeve-theme', draw);
      plot?.destroy();
    };
  }, [histogram, height, onSelect !== undefined, showOther]);
  const total = (name: 'allow' | 'deny'): number => histogram.buckets.reduce((sum, bucket) => sum + bucket[name], 0);
  return (
    <>
      <div class="plot" ref={frame} style={{ minHeight: `${height}px` }} role="img" aria-label={`Decisions ${perStep(histogram)}: ${formatCount(total('allow'))} allowed, ${formatCount(total('deny'))} denied. A table of the same follows.`} />
      <details class="plot-foot">
        <summary>As a table</summary>
        <div class="table-frame" tabIndex={0} role="region" aria-label="Counts over time">
          <table>
            <thead><tr><th scope="col">From</th><th scope="col" class="number">Allowed</th><th scope="col" class="number">Denied</th>{showOther && <th scope="col" class="number">Other</th>}</tr></thead>
            <tbody>
              {histogram.buckets.slice(-200).map((bucket) => (
                <tr><th scope="row">{formatTime(bucket.time)}</th><td class="number">{formatCount(bucket.allow)}</td><td class="number">{formatCount(bucket.deny)}</td>{showOther && <td class="number">{formatCount(bucket.other)}</td>}</tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

export function PlotLegend({ showOther = false }: { showOther?: boolean }): JSX.Element {
  return <div class="legend" aria-hidden="true"><span class="allow">Allowed</span><span class="deny">Denied</span>{showOther && <span>Other records</span>}</div>;
}
