import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Overview, Pep } from '../api/schema';
import { ranges } from '../lib/filter';
import { formatCount } from '../lib/format';
import { useLoad } from '../lib/load';
import { useNow } from '../lib/now';
import { usePoll } from '../lib/poll';
import { type Location, navigate, pathTo } from '../lib/router';
import { Card, Empty, ErrorState, Link, Loading, Notice } from '../ui/basic';
import { useSigned } from '../ui/context';
import { coarser, perStep, PlotLegend, TimePlot } from '../ui/plot';
import { RecordTable } from '../ui/record_table';
import { Ago, Text } from '../ui/text';
import { Usage } from '../ui/usage';

const refreshEvery = 5000;  // ms
// A gate that was not heard of for so long is pointed out: it may just be idle.
const quietAfter = 15 * 60_000;  // ms
const decisionsWith = (values: Record<string, string>): string => pathTo(['decisions'], new URLSearchParams({ kind: 'decision', ...values }));

function Gates({ peps }: { peps: readonly Pep[] }): JSX.Element {
  const now = useNow();
  const standing = peps.filter((pep) => pep.removed === undefined);
  if (standing.length === 0) return <Empty title="No gate is known" icon="info">Make a credential with <code>portreeve pep add NAME --domain egress</code> and start the gate with it.</Empty>;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Gates">
      <table>
        <thead><tr><th scope="col">Gate</th><th scope="col">For</th><th scope="col">Last contact</th></tr></thead>
        <tbody>
          {standing.map((pep) => {
            const quiet = pep.lastContact === undefined || now.getTime() - Date.parse(pep.lastContact.time) > quietAfter;
            return (
              <tr key={pep.name}>
                <th scope="row"><Link to={pathTo(['decisions'], new URLSearchParams({ pep: pep.name }))}><Text value={pep.name} /></Link></th>
                <td>{pep.domains?.join(', ') ?? <span class="muted">by its socket</span>}</td>
                <td>{pep.lastContact === undefined ? <span class="muted">never</span> : <><Ago value={pep.lastContact.time} />{quiet && <span class="muted"> · quiet</span>}</>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Targets({ overview, range }: { overview: Overview; range: string }): JSX.Element {
  const most = overview.deniedTargets[0]?.count ?? 1;
  if (overview.deniedTargets.length === 0) return <Empty title="Nothing was denied" icon="allow">In the time that is shown.</Empty>;
  return (
    <ul class="bar-list">
      {overview.deniedTargets.map(({ target, count }) => (
        <li key={target}>
          <Link to={decisionsWith({ decision: 'deny', text: target, range })}>
            <span class="fill" style={{ width: `${Math.max(2, Math.round((100 * count) / most))}%` }} />
            <Text value={target} /><span>{formatCount(count)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

export function OverviewPage({ location }: { location: Location }): JSX.Element {
  const { api, start, may } = useSigned();
  const range = ranges.find((each) => each.name === location.query.get('range')) ?? ranges[1];
  const [paused, setPaused] = useState(false);
  const loaded = useLoad(range.name, async (signal) => {
    const now = new Date();
    const answer = await api.overview(new URLSearchParams({ from: new Date(now.getTime() - range.seconds * 1000).toISOString(), until: now.toISOString() }), signal);
    return { ...answer, decisions: coarser(answer.decisions) };
  });
  usePoll(loaded.value !== undefined && !paused, refreshEvery, async () => { if (!loaded.busy) loaded.reload(); });
  const overview = loaded.value;
  if (loaded.error !== undefined) return <div class="page"><ErrorState page error={loaded.error} retry={loaded.reload} /></div>;
  if (overview === undefined) return <Loading what="the overview" />;
  const all = overview.allowed + overview.denied;
  const share = all === 0 ? '' : `${((100 * overview.denied) / all).toFixed(overview.denied / all < 0.1 ? 1 : 0)} % of all`;
  const behind = overview.log.records - overview.log.indexed;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Overview</h1>
        <div class="actions">
          <label class="visually-hidden" for="overview-range">Time</label>
          <select id="overview-range" class="fit" value={range.name} onChange={(event) => navigate(pathTo([], new URLSearchParams({ range: event.currentTarget.value })))}>
            {ranges.map((each) => <option value={each.name}>{each.label}</option>)}
          </select>
          <button type="button" class="button" aria-pressed={!paused} onClick={() => setPaused(!paused)}><span class="dot" />{paused ? 'Paused' : 'Live'}</button>
        </div>
      </div>
      {overview.log.journalError !== undefined && <Notice kind="deny">The decision log cannot be written, so everything is denied: <Text value={overview.log.journalError} /></Notice>}
      {overview.log.indexError !== undefined && <Notice kind="warn">The index is behind and cannot be filled; the log itself is whole: <Text value={overview.log.indexError} /></Notice>}
      <div class="tiles">
        <Link class="card tile" to={decisionsWith({ range: range.name })}><span class="label">Decisions</span><span class="figure">{formatCount(all)}</span><span class="aside">{range.label.toLowerCase()}</span></Link>
        <Link class="card tile" to={decisionsWith({ range: range.name, decision: 'deny' })}><span class="label">Denied</span><span class="figure deny">{formatCount(overview.denied)}</span><span class="aside">{share || 'none'}</span></Link>
        {overview.sessions !== undefined && <Link class="card tile" to={pathTo(['sessions'])}><span class="label">Live sessions</span><span class="figure">{formatCount(overview.sessions.live)}</span><span class="aside">now</span></Link>}
        <div class="card tile"><span class="label">Records in the log</span><span class="figure">{formatCount(overview.log.records)}</span><span class="aside">{behind > 0 ? `${formatCount(behind)} not yet indexed` : 'all durable and indexed'}</span></div>
      </div>
      <Card title={<>Decisions <span class="muted small">{perStep(overview.decisions)}</span></>} aside={<PlotLegend />} flush>
        {all === 0
          ? <Empty title="No decision in this time" icon="decisions" action={may('policy', 'evaluate') && <Link class="button" to={pathTo(['try'])}>Try a question</Link>}>When a gate asks, it shows here within a second.</Empty>
          : <TimePlot histogram={overview.decisions} onSelect={(from, until) => navigate(decisionsWith({ from: from.toISOString(), until: until.toISOString() }))} />}
      </Card>
      <Card title="Newest denials" flush aside={<Link class="small" to={decisionsWith({ decision: 'deny' })}>All denials</Link>}>
        {overview.denials.length === 0 ? <Empty title="Nothing was denied" icon="allow">In the time that is shown.</Empty> : <RecordTable records={overview.denials.slice(0, 8)} label="Newest denials" keys />}
      </Card>
      <div class="columns even">
        <Card title="Denied most" flush><Targets overview={overview} range={range.name} /></Card>
        {overview.peps !== undefined && <Card title="Gates" flush><Gates peps={overview.peps} /></Card>}
      </div>
      {start.accounting !== undefined && may('usage', 'read') && <Usage url={start.accounting.url} seconds={range.seconds} />}
    </div>
  );
}
