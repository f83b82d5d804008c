import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LoggedRecord, LogRecord } from '../api/schema';
import { targetOf, timeOf } from '../lib/format';
import { useKeys } from '../lib/keys';
import { navigate, pathTo } from '../lib/router';
import { Link, RecordBadge } from './basic';
import { useSigned } from './context';
import { Text, Time } from './text';

// Where a record is shown whole: a decision's page, also for what a gate reports of it.
export function pathOfRecord({ index, record }: LoggedRecord): string {
  return pathTo(['decisions', record.id ?? record.decisionId ?? String(index)]);
}

// What decided, in a word: the rule where one did, else the reason's code.
export function whyOf(record: LogRecord): string {
  const rules = record.rules ?? [];
  if (rules.length > 1) return `${rules[0] ?? ''} and ${rules.length - 1} more`;
  return rules[0] ?? record.reason ?? record.result ?? '';
}

// Records as rows. With `keys`, j and k go through them, Enter opens. `fresh`: those at or above this index came in since the page was read.
export function RecordTable({ records, label, keys = false, fresh, here }: {
  records: readonly LoggedRecord[]; label: string; keys?: boolean; fresh?: number | undefined; here?: number;
}): JSX.Element {
  const { api } = useSigned();
  const [current, setCurrent] = useState(-1);
  const body = useRef<HTMLTableSectionElement>(null);
  const first = records[0]?.index;
  useEffect(() => { setCurrent(-1); }, [first]);
  // From the row that has the focus, else the last one that had it: keys may come faster than the page is drawn.
  const go = (step: 1 | -1): void => {
    const rows = [...(body.current?.rows ?? [])];
    const focused = rows.findIndex((row) => row.contains(document.activeElement));
    const from = focused < 0 ? current : focused;
    rows[Math.max(0, Math.min(rows.length - 1, from + step))]?.querySelector<HTMLElement>('a')?.focus();
  };
  useKeys(keys && records.length > 0 ? { j: () => go(1), k: () => go(-1) } : {});
  const tenants = api.allTenants && records.some((each) => each.record.tenant !== undefined);
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={label}>
      <table class="stacking">
        <thead>
          <tr>
            <th scope="col">Time</th><th scope="col">Answer</th><th scope="col">Who</th>{tenants && <th scope="col" class="wide-only">Tenant</th>}<th scope="col">Action</th>
            <th scope="col">Target</th><th scope="col">Because</th><th scope="col" class="wide-only">Gate</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {records.map((each, index) => {
            const { record } = each;
            const path = pathOfRecord(each);
            const classes = ['row', index === current && 'current', fresh !== undefined && each.index >= fresh && 'fresh', each.index === here && 'here'].filter(Boolean).join(' ');
            return (
              <tr
                key={each.index} class={classes}
                onClick={(event) => {
                  if (event.target instanceof Element && event.target.closest('a') !== null) return;
                  if (window.getSelection()?.toString()) return;
                  navigate(path);
                }}
              >
                <td class="time" data-label="Time"><Link to={path} onFocus={() => setCurrent(index)}><Time value={timeOf(record)} short /></Link></td>
                <td data-label="Answer"><RecordBadge record={record} /></td>
                <td data-label="Who"><Text value={record.subject?.id ?? record.actor ?? record.session ?? ''} cut="narrow" /></td>
                {tenants && <td data-label="Tenant" class="wide-only"><Text value={record.tenant ?? ''} cut="narrow" /></td>}
                <td data-label="Action" class={record.action === undefined ? 'void' : ''}><Text value={record.action ?? ''} cut="narrow" /></td>
                <td data-label="Target" class={targetOf(record) === '' ? 'void' : ''}><Text value={targetOf(record)} cut="wide" /></td>
                <td data-label="Because" class={whyOf(record) === '' ? 'void' : ''}><Text value={whyOf(record)} cut="wide" /></td>
                <td data-label="Gate" class="wide-only"><Text value={record.pep ?? record.gate ?? ''} cut="narrow" /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
