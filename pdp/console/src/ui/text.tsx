import type { JSX } from 'preact';
import { formatAgo, formatTime, shortId, shortRevision, zoneOf } from '../lib/format';
import { useNow } from '../lib/now';
import { segments, visible } from '../lib/safe_text';

// Text from outside: isolated from the direction of what is around it, its hidden characters made visible.
export function Text({ value, cut }: { value: string; cut?: 'wide' | 'narrow' }): JSX.Element {
  const inner = (
    <bdi>
      {segments(value).map((each) => (each.mark === undefined ? each.text : <span class="unseen" title={each.mark}>{each.text}</span>))}
    </bdi>
  );
  if (cut === undefined) return inner;
  return <span class={`cut ${cut}`} title={visible(value)}>{inner}</span>;
}

// A sentence of the engine: what stands in backticks is code.
export function Prose({ value }: { value: string }): JSX.Element {
  return <>{value.split('`').map((part, index) => (index % 2 === 1 ? <code><Text value={part} /></code> : <Text value={part} />))}</>;
}

// One line of code from outside; blanks and tabs stay what they are.
export function CodeText({ value }: { value: string }): JSX.Element {
  return <>{segments(value, '\t').map((each) => (each.mark === undefined ? each.text : <span class="unseen" title={each.mark}>{each.text}</span>))}</>;
}

// `short`: without the year, and without the day where it is today.
export function Time({ value, millis = false, short = false }: { value: string; millis?: boolean; short?: boolean }): JSX.Element {
  const text = formatTime(value, { millis });
  const today = short && formatTime(new Date().toISOString()).slice(0, 10) === text.slice(0, 10);
  return <time dateTime={value} title={`${value} · shown in ${zoneOf(new Date(value))}`}>{short && text !== value ? text.slice(today ? 11 : 5) : text}</time>;
}

export function Ago({ value }: { value: string }): JSX.Element {
  const now = useNow();
  return <time dateTime={value} title={value}>{formatAgo(value, now)}</time>;
}

export function Id({ value }: { value: string }): JSX.Element {
  return <code title={visible(value)}><Text value={shortId(value)} /></code>;
}

export function Revision({ value }: { value: string }): JSX.Element {
  return <code title={visible(value)}><Text value={shortRevision(value)} /></code>;
}
