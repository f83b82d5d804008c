import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { Failure } from '../api/client';
import { type Dimension, dimensions, inputOf, outputOf, UsageReader } from '../api/usage';
import { formatCount, formatDollars } from '../lib/format';
import { useLoad } from '../lib/load';
import { pathTo } from '../lib/router';
import { Card, Empty, Link, Loading, Notice } from './basic';
import { useSigned } from './context';
import { Text } from './text';

const shownRows = 10;

function keyCell(by: Dimension, key: string): JSX.Element {
  if (key === '') return <span class="muted">none</span>;
  if (by === 'session') return <Link to={pathTo(['sessions', key])}><Text value={key} /></Link>;
  if (by === 'subject' || by === 'tenant') return <Link to={pathTo(['decisions'], new URLSearchParams({ [by]: key, action: 'secret.use' }))}><Text value={key} /></Link>;
  return <Text value={key} />;
}

// What model calls cost in the time that the page shows, by what one likes.
export function Usage({ url, seconds }: { url: string; seconds: number }): JSX.Element {
  const { api } = useSigned();
  const [by, setBy] = useState<Dimension>('model');
  const reader = useMemo(() => new UsageReader(api, url), [api, url]);
  const report = useLoad(`${by} ${seconds}`, () => {
    const now = new Date();
    return reader.report(by, new Date(now.getTime() - seconds * 1000), now, shownRows);
  });
  const totals = report.value?.totals;
  return (
    <Card
      title="Model usage" flush
      aside={(
        <div class="actions">
          <label class="visually-hidden" for="usage-by">By</label>
          <select id="usage-by" class="fit" value={by} onChange={(event) => setBy(event.currentTarget.value as Dimension)}>{dimensions.map((each) => <option value={each}>by {each}</option>)}</select>
          <button type="button" class="button compact" onClick={report.reload}>Refresh</button>
        </div>
      )}
    >
      {report.error !== undefined && (
        <Empty title="No figures from accounting" icon="warn" action={<button type="button" class="button" onClick={report.reload}>Try again</button>}>
          Decisions do not depend on it, and no usage is lost: brokers keep it until accounting is back. <Text value={report.error instanceof Failure ? report.error.message : ''} />
        </Empty>
      )}
      {report.error === undefined && report.value === undefined && <Loading what="the ledger" />}
      {report.value !== undefined && report.value.rows.length === 0 && <Empty title="No model was called">In the time that is shown.</Empty>}
      {report.value !== undefined && report.value.rows.length > 0 && totals !== undefined && (
        <>
          {totals.unpriced + totals.unknown + totals.disputed > 0 && (
            <div class="card-body"><Notice kind="warn">
              {[totals.unpriced > 0 && `${formatCount(totals.unpriced)} without a price`, totals.unknown > 0 && `${formatCount(totals.unknown)} whose usage is unknown`, totals.disputed > 0 && `${formatCount(totals.disputed)} disputed`].filter(Boolean).join(', ')} of {formatCount(totals.calls)} calls: the cost is at least this.
            </Notice></div>
          )}
          <div class="table-frame" tabIndex={0} role="region" aria-label="Model usage">
            <table>
              <thead><tr><th scope="col">{by[0]?.toUpperCase()}{by.slice(1)}</th><th scope="col" class="number">Calls</th><th scope="col" class="number">Tokens in</th><th scope="col" class="number">Tokens out</th><th scope="col" class="number">Cost</th></tr></thead>
              <tbody>
                {report.value.rows.map((row) => (
                  <tr key={row.key}>
                    <th scope="row">{keyCell(by, row.key)}{row.unpriced > 0 && <> <span class="badge warn">unpriced</span></>}</th>
                    <td class="number">{formatCount(row.calls)}</td><td class="number">{formatCount(inputOf(row))}</td><td class="number">{formatCount(outputOf(row))}</td>
                    <td class="number" title={`${row.cost} ${report.value?.currency ?? ''}`}>{formatDollars(row.cost)}</td>
                  </tr>
                ))}
              </tbody>
              <tfoot>
                <tr>
                  <th scope="row">All{report.value.leftOut > 0 && <span class="muted"> and {formatCount(report.value.leftOut)} more rows</span>}</th>
                  <td class="number">{formatCount(totals.calls)}</td><td class="number">{formatCount(inputOf(totals))}</td><td class="number">{formatCount(outputOf(totals))}</td>
                  <td class="number" title={`${totals.cost} ${report.value.currency}`}>{formatDollars(totals.cost)}</td>
                </tr>
              </tfoot>
            </table>
          </div>
        </>
      )}
    </Card>
  );
}
