import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LoggedRecord } from '../api/schema';
import { copyLink } from '../lib/copy';
import { activeCount, apiQuery, type Filter, parseFilter, pinned, withValue, writeFilter } from '../lib/filter';
import { formatCount } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { usePoll } from '../lib/poll';
import { type Location, navigate, pathTo } from '../lib/router';
import { Card, Empty, ErrorState, Link, Loading, Notice } from '../ui/basic';
import { useSigned } from '../ui/context';
import { ExportDialog } from '../ui/export_dialog';
import { Facets } from '../ui/facets';
import { FilterBar } from '../ui/filter_bar';
import { Icon } from '../ui/icons';
import { coarser, perStep, PlotLegend, TimePlot } from '../ui/plot';
import { RecordTable } from '../ui/record_table';
import { toast } from '../ui/toast';

const pageSize = 100;
const tailEvery = 1500;  // ms
// A tail that runs all day keeps this many rows; the log keeps the rest.
const tailKeeps = 500;

export function DecisionsPage({ location }: { location: Location }): JSX.Element {
  const { api, may } = useSigned();
  const filter = parseFilter(location.query);
  const after = location.query.get('after') ?? undefined;
  const key = writeFilter(filter).toString();
  const [tailing, setTailing] = useState(false);
  const [arrived, setArrived] = useState<readonly LoggedRecord[]>([]);
  const [exporting, setExporting] = useState(false);
  const [facetsOpen, setFacetsOpen] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const since = useRef<number>();

  const page = useLoad(`${key}&after=${after ?? ''}`, (signal) => {
    const query = apiQuery(filter, new Date());
    query.set('limit', String(pageSize));
    if (after !== undefined && /^\d+$/.test(after)) query.set('after', after);
    return api.decisions(query, signal);
  });
  const facets = useLoad(`facets ${key}`, (signal) => api.facets(apiQuery(filter, new Date()), signal));
  const histogram = useLoad(`histogram ${key}`, async (signal) => coarser(await api.histogram(apiQuery(filter, new Date()), signal)));

  const apply = (next: Filter): void => navigate(pathTo(['decisions'], writeFilter(next)));

  useEffect(() => {
    setArrived([]);
    since.current = undefined;
  }, [page.value]);
  useEffect(() => { if (after !== undefined) setTailing(false); }, [after]);
  usePoll(tailing && page.value !== undefined, tailEvery, async (signal) => {
    const { range: _, from: __, until: ___, ...timeless } = filter;
    const query = apiQuery(timeless, new Date());
    query.set('since', String(since.current ?? page.value?.end ?? 0));
    query.set('limit', '200');
    const answer = await api.tail(query, signal);
    since.current = answer.next;
    if (answer.records.length > 0) setArrived((before) => [...answer.records.slice().reverse(), ...before].slice(0, tailKeeps));
  });
  const toggleTail = (): void => {
    if (!tailing && (after !== undefined || filter.until !== undefined)) {
      const { from: _, until: __, ...rest } = filter;
      apply(rest);
      toast('Following from the newest record: the fixed time range was taken out.');
    }
    setTailing(!tailing);
  };
  useKeys({
    '/': () => { search.current?.focus(); search.current?.select(); },
    t: toggleTail,
    e: () => { if (may('decision-log', 'export')) setExporting(true); },
    Escape: () => { if (document.activeElement instanceof HTMLElement) document.activeElement.blur(); },
  });

  const known = new Set(arrived.map((each) => each.index));
  const records = page.value === undefined ? [] : [...arrived, ...page.value.records.filter((each) => !known.has(each.index))];
  const narrowed = activeCount(filter) > 0 || filter.range !== undefined || filter.from !== undefined || filter.until !== undefined;
  const older = new URLSearchParams(key);
  if (page.value?.next !== undefined) older.set('after', String(page.value.next));
  const linked = writeFilter(pinned(filter, new Date()));
  if (after !== undefined) linked.set('after', after);

  return (
    <div class="page">
      <div class="page-head">
        <h1>Decisions</h1>
        <div class="actions">
          <button type="button" class="button" aria-pressed={tailing} onClick={toggleTail} title="t"><span class="dot" />{tailing ? 'Following live' : 'Follow live'}</button>
          <button type="button" class="button" onClick={() => void copyLink(pathTo(['decisions'], linked))}><Icon name="link" />Copy link</button>
          {may('decision-log', 'export') && <button type="button" class="button" onClick={() => setExporting(true)} title="e"><Icon name="download" />Export</button>}
        </div>
      </div>
      <FilterBar filter={filter} onApply={apply} searchRef={search} facets={facets.value} />
      {histogram.value !== undefined && histogram.value.buckets.length > 0 && (
        <Card title={<>Over time <span class="muted small">{perStep(histogram.value)}</span></>} aside={<PlotLegend showOther={filter.values.kind !== 'decision'} />} flush>
          <TimePlot
            histogram={histogram.value} height={130} showOther={filter.values.kind !== 'decision'}
            onSelect={(from, until) => { const { range: _, ...rest } = filter; apply({ ...rest, from: from.toISOString(), until: until.toISOString() }); }}
          />
          {!histogram.value.complete && <p class="plot-foot">Only the newest matching records are counted here.</p>}
        </Card>
      )}
      <div class={`browse${facetsOpen ? ' facets-open' : ''}`}>
        <div class="column">
          <button type="button" class="button facets-toggle" aria-expanded={facetsOpen} onClick={() => setFacetsOpen(!facetsOpen)}>{facetsOpen ? 'Hide the values to filter by' : 'Values to filter by'}</button>
          <Facets facets={facets} filter={filter} onPick={(field, value) => apply(withValue(filter, field, value))} />
        </div>
        <section class="card" aria-label="Records" aria-busy={page.busy}>
          {page.error !== undefined && <ErrorState error={page.error} retry={page.reload} />}
          {page.error === undefined && page.value === undefined && <Loading what="the log" />}
          {page.value !== undefined && records.length === 0 && (
            <Empty title={narrowed ? 'Nothing matches' : 'No decision was made yet'} action={narrowed && <Link class="button" to={pathTo(['decisions'])}>Show everything</Link>}>
              {narrowed ? 'Take a filter away or widen the time. Free text is looked for as it stands, case ignored.' : 'As soon as a gate asks, its questions and the answers stand here. “Try it” shows what would be answered.'}
            </Empty>
          )}
          {records.length > 0 && (
            <>
              {after !== undefined && <div class="card-body"><Notice kind="info">Older records. <Link to={pathTo(['decisions'], new URLSearchParams(key))}>Back to the newest</Link></Notice></div>}
              <RecordTable records={records} label="Records, newest first" keys fresh={page.value?.end} />
              <div class="pager">
                <span aria-live="polite">
                  {formatCount(records.length)} shown{facets.value && (facets.value.complete ? ` of ${formatCount(Math.max(facets.value.matching, records.length))}` : ` of more than ${formatCount(facets.value.matching)}`)}
                  {tailing && arrived.length > 0 && `, ${formatCount(arrived.length)} of them new`}
                </span>
                {page.value?.next !== undefined && <Link class="button compact" to={pathTo(['decisions'], older)}>Older records</Link>}
              </div>
            </>
          )}
        </section>
      </div>
      {exporting && <ExportDialog filter={filter} matching={facets.value} onClose={() => setExporting(false)} />}
    </div>
  );
}
