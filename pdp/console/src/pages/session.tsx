import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { copyLink } from '../lib/copy';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { usePoll } from '../lib/poll';
import { type Location, navigate, pathTo } from '../lib/router';
import { Card, Empty, ErrorState, Facts, Link, Loading, StateBadge } from '../ui/basic';
import { useSigned } from '../ui/context';
import { Icon } from '../ui/icons';
import { RecordTable } from '../ui/record_table';
import { type CutTarget, RevokeDialog } from '../ui/revoke_dialog';
import { Id, Text, Time } from '../ui/text';

const shownRecords = 50;
const refreshEvery = 3000;  // ms

export function SessionPage({ location }: { location: Location }): JSX.Element {
  const { api, may } = useSigned();
  const id = location.parts[1] ?? '';
  const [cut, setCut] = useState<CutTarget>();
  const session = useLoad(id, (signal) => api.session(id, signal));
  const records = useLoad(`records of ${id}`, (signal) => api.decisions(new URLSearchParams({ session: id, limit: String(shownRecords) }), signal));
  usePoll(session.value?.state === 'live' && cut === undefined, refreshEvery, async () => {
    if (session.busy || records.busy) return;
    session.reload();
    records.reload();
  });
  useKeys({ Escape: () => navigate(pathTo(['sessions'])) });
  if (session.error !== undefined) return <div class="page"><ErrorState page error={session.error} retry={session.reload} /></div>;
  if (session.value === undefined) return <Loading what="the session" />;
  const { subject, tenant, state, created, expires, ended, revoked, addresses, labels } = session.value;
  const everythingPath = pathTo(['decisions'], new URLSearchParams({ session: id }));
  return (
    <div class="page">
      <div class="page-head">
        <div>
          <p class="crumbs"><Link to={pathTo(['sessions'])}>Sessions</Link> / <Id value={id} /></p>
          <h1>Session of <Text value={subject} /></h1>
        </div>
        <div class="actions">
          <button type="button" class="button" onClick={() => void copyLink(pathTo(['sessions', id]))}><Icon name="link" />Copy link</button>
          {state === 'live' && may('session', 'revoke') && <button type="button" class="button danger" onClick={() => setCut({ kind: 'session', id, subject })}><Icon name="cut" />Cut session</button>}
        </div>
      </div>
      <Card>
        <Facts rows={[
          ['State', <StateBadge state={state} />],
          ['Id', <code><Text value={id} /></code>],
          ['Subject', <Link to={pathTo(['sessions'], new URLSearchParams({ state: 'all', subject }))}><Text value={subject} /></Link>],
          tenant !== undefined && ['Tenant', <Text value={tenant} />],
          ['Created', <Time value={created} />],
          revoked !== undefined ? ['Cut', <Time value={revoked} millis />] : ended !== undefined ? ['Ended', <Time value={ended} />] : ['Expires', <Time value={expires} />],
          addresses.length > 0 && ['Addresses', <Text value={addresses.join(', ')} />],
          ...Object.entries(labels).map(([name, value]) => [name, <Text value={value} />] as const),
        ]} />
      </Card>
      <Card title="What it did" flush aside={<Link class="small" to={everythingPath}>Search in it</Link>}>
        {records.error !== undefined && <ErrorState error={records.error} retry={records.reload} />}
        {records.error === undefined && records.value === undefined && <Loading what="its records" />}
        {records.value?.records.length === 0 && <Empty title="Nothing yet">No gate has asked in its name.</Empty>}
        {records.value !== undefined && records.value.records.length > 0 && <RecordTable records={records.value.records} label="Records of the session, newest first" keys />}
        {records.value?.next !== undefined && <div class="pager"><span>The newest {shownRecords}</span><Link class="button compact" to={everythingPath}>Everything it did</Link></div>}
      </Card>
      {cut !== undefined && <RevokeDialog target={cut} onClose={() => setCut(undefined)} onDone={() => { setCut(undefined); session.reload(); records.reload(); }} />}
    </div>
  );
}
