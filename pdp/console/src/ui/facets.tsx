import type { JSX } from 'preact';
import type { Facets as FacetCounts } from '../api/schema';
import { type Field, fields, type Filter, labelOf } from '../lib/filter';
import { formatCount, shortId, shortRevision } from '../lib/format';
import type { Loaded } from '../lib/load';
import { visible } from '../lib/safe_text';
import { Text } from './text';

const startOpen: readonly Field[] = ['decision', 'kind', 'reason', 'host', 'subject', 'rule'];

function nameOf(field: string, value: string): string {
  if (field === 'revision') return shortRevision(value);
  if (field === 'session') return shortId(value);
  if (field === 'decision') return value === 'allow' ? 'allowed' : value === 'deny' ? 'denied' : value;
  return value;
}

// The values of each field with their counts; a click filters by one, another takes it away.
export function Facets({ facets, filter, onPick }: { facets: Loaded<FacetCounts>; filter: Filter; onPick: (field: Field, value: string | undefined) => void }): JSX.Element {
  const shown = fields.filter((field) => field.facet).map((field) => ({ field: field.name, counts: facets.value?.facets.find((each) => each.field === field.name) }))
    .filter(({ counts }) => counts !== undefined && counts.values.length > 0);
  if (shown.length === 0) return <></>;
  return (
    <section class="card facets" aria-label="Filter by value">
      {shown.map(({ field, counts }) => (
        <details class="facet" key={field} open={startOpen.includes(field) || filter.values[field] !== undefined}>
          <summary>{labelOf(field)}</summary>
          <ul>
            {counts?.values.slice(0, 12).map(({ value, count }) => {
              const on = filter.values[field] === value;
              return (
                <li>
                  <button type="button" aria-pressed={on} title={visible(value)} onClick={() => onPick(field, on ? undefined : value)}>
                    <Text value={nameOf(field, value)} /><span class="count">{formatCount(count)}</span>
                  </button>
                </li>
              );
            })}
            {counts !== undefined && (counts.more || counts.values.length > 12) && <li class="muted small">&nbsp;&nbsp;and more: add a filter by hand</li>}
          </ul>
        </details>
      ))}
      {facets.value?.complete === false && <p class="muted small">&nbsp;&nbsp;&nbsp;Counted over the newest {formatCount(facets.value.matching)}.</p>}
    </section>
  );
}
