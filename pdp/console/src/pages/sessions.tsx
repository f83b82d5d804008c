import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Revocation, SessionState } from '../api/schema';
import { Failure } from '../api/client';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { usePoll } from '../lib/poll';
import { type Location, navigate, pathTo } from '../lib/router';
import { Card, Empty, ErrorState, Link, Loading, StateBadge } from '../ui/basic';
import { useSigned } from '../ui/context';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icons';
import { type CutTarget, RevokeDialog } from '../ui/revoke_dialog';
import { Ago, Id, Text, Time } from '../ui/text';
import { toast } from '../ui/toast';

const states: readonly (readonly [SessionState | '', string])[] = [['live', 'Live'], ['', 'All'], ['revoked', 'Cut'], ['ended', 'Ended'], ['expired', 'Expired']];
const refreshEvery = 5000;  // ms

function Lift({ revocation, onClose, onDone }: { revocation: Revocation; onClose: () => void; onDone: () => void }): JSX.Element {
  const { api } = useSigned();
  const [busy, setBusy] = useState(false);
  const lift = async (): Promise<void> => {
    setBusy(true);
    try {
      await api.lift(revocation.event);
      toast('Lifted: new sessions can be made again.');
      onDone();
    } catch (error) {
      toast(<>It was not lifted: <Text value={error instanceof Failure ? error.message : 'unknown'} /></>, 'deny');
      setBusy(false);
    }
  };
  return (
    <Dialog title="Lift" onClose={onClose}>
      <div class="dialog-body">
        <h2>Lift this revocation?</h2>
        <p>{revocation.kind === 'all' ? 'Of everything' : <>Of the {revocation.kind} <strong><Text value={revocation.target} /></strong></>}{revocation.reason && <>, made for “<Text value={revocation.reason} />”</>}.</p>
        <p class="muted">New sessions can be made again. What was cut stays cut.</p>
        <div class="dialog-foot"><button type="button" class="button" onClick={onClose}>Cancel</button><button type="button" class="button primary" disabled={busy} onClick={() => void lift()}>Lift</button></div>
      </div>
    </Dialog>
  );
}

export function SessionsPage({ location }: { location: Location }): JSX.Element {
  const { api, may } = useSigned();
  const asked = location.query.get('state');
  const state: SessionState | '' = asked === 'all' ? '' : (states.find(([name]) => name === asked && name !== '')?.[0] ?? 'live');
  const subject = location.query.get('subject') ?? '';
  const after = location.query.get('after') ?? '';
  const [typed, setTyped] = useState(subject);
  const [cut, setCut] = useState<CutTarget>();
  const [lifting, setLifting] = useState<Revocation>();
  const query = (with_: { state?: SessionState | ''; subject?: string; after?: string }): URLSearchParams => {
    const made = new URLSearchParams();
    const next = { state, subject, after: '', ...with_ };
    if (next.state !== 'live') made.set('state', next.state === '' ? 'all' : next.state);
    if (next.subject) made.set('subject', next.subject);
    if (next.after) made.set('after', next.after);
    return made;
  };
  const sessions = useLoad(`${state} ${subject} ${after}`, (signal) => {
    const asked = new URLSearchParams({ limit: '100' });
    if (state) asked.set('state', state);
    if (subject) asked.set('subject', subject);
    if (after) asked.set('after', after);
    return api.sessions(asked, signal);
  });
  const revocations = useLoad('revocations', (signal) => api.revocations(signal));
  usePoll(after === '' && cut === undefined, refreshEvery, async () => { if (sessions.value !== undefined) sessions.reload(); });
  useKeys({ '/': () => document.getElementById('subject')?.focus() });
  const done = (): void => { setCut(undefined); sessions.reload(); revocations.reload(); };
  // They come in the order they were made; where all are here, the newest stand first.
  const listed = sessions.value?.sessions ?? [];
  const rows = after === '' && sessions.value?.next === undefined ? listed.slice().reverse() : listed;
  const standing = (revocations.value?.revocations ?? []).filter((each) => each.kind !== 'session');

  return (
    <div class="page">
      <div class="page-head">
        <h1>Sessions</h1>
        {may('session', 'revoke') && <div class="actions"><button type="button" class="button danger" onClick={() => setCut({ kind: 'choose' })}><Icon name="cut" />Cut a subject, tenant or everything…</button></div>}
      </div>
      {standing.length > 0 && (
        <Card title="Revocations in force" flush>
          <div class="table-frame" tabIndex={0} role="region" aria-label="Revocations in force">
            <table class="stacking">
              <thead><tr><th scope="col">Of</th><th scope="col">Reason</th><th scope="col">By</th><th scope="col">Since</th><th scope="col"><span class="visually-hidden">Lift</span></th></tr></thead>
              <tbody>
                {standing.map((each) => (
                  <tr key={each.event}>
                    <th scope="row">{each.kind === 'all' ? 'Everything' : <>{each.kind} <Text value={each.target} /></>}</th>
                    <td data-label="Reason"><Text value={each.reason ?? ''} /></td><td data-label="By"><Text value={each.actor ?? ''} /></td><td data-label="Since" class="time"><Time value={each.time} /></td>
                    <td>{may('session', 'lift') && <button type="button" class="button compact" onClick={() => setLifting(each)}>Lift…</button>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Card>
      )}
      <div class="card filter-bar" role="search">
        <form class="filter-line" onSubmit={(event) => { event.preventDefault(); navigate(pathTo(['sessions'], query({ subject: typed.trim() }))); }}>
          <div class="actions" role="group" aria-label="State">
            {states.map(([name, label]) => <Link class="button compact" to={pathTo(['sessions'], query({ state: name }))} aria-current={name === state ? 'true' : undefined}>{label}</Link>)}
          </div>
          <div class="search">
            <label class="visually-hidden" for="subject">Subject</label>
            <input id="subject" value={typed} autocomplete="off" spellcheck={false} placeholder="Of a subject, whole: keycloak/rita" onInput={(event) => setTyped(event.currentTarget.value)} />
            <kbd aria-hidden="true">/</kbd>
          </div>
          <button type="submit" class="button">Find</button>
        </form>
      </div>
      <section class="card" aria-label="Sessions" aria-busy={sessions.busy}>
        {sessions.error !== undefined && <ErrorState error={sessions.error} retry={sessions.reload} />}
        {sessions.error === undefined && sessions.value === undefined && <Loading what="the sessions" />}
        {sessions.value !== undefined && rows.length === 0 && (
          <Empty title={state === 'live' && subject === '' ? 'No session is live' : 'No session matches'} icon="sessions" action={(state !== '' || subject !== '') && <Link class="button" to={pathTo(['sessions'], query({ state: '', subject: '' }))}>Show all sessions</Link>}>
            A session begins when an agent exchanges its identity provider's token at <code>/v1/token</code>.
          </Empty>
        )}
        {rows.length > 0 && (
          <div class="table-frame" tabIndex={0} role="region" aria-label="All sessions found">
            <table class="stacking">
              <thead><tr><th scope="col">Session</th><th scope="col">State</th><th scope="col">Subject</th><th scope="col">Tenant</th><th scope="col">Created</th><th scope="col">Until</th><th scope="col">Addresses</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
              <tbody>
                {rows.map((each) => {
                  const path = pathTo(['sessions', each.id]);
                  const end = each.revoked ?? each.ended ?? each.expires;
                  return (
                    <tr class="row" key={each.id} onClick={(event) => { if (!(event.target instanceof Element && event.target.closest('a, button'))) navigate(path); }}>
                      <td data-label="Session"><Link to={path}><Id value={each.id} /></Link></td>
                      <td data-label="State"><StateBadge state={each.state} /></td>
                      <td data-label="Subject"><Text value={each.subject} cut="narrow" /></td>
                      <td data-label="Tenant" class={each.tenant === undefined ? 'void' : ''}><Text value={each.tenant ?? ''} cut="narrow" /></td>
                      <td data-label="Created" class="time"><Ago value={each.created} /></td>
                      <td data-label="Until" class="time"><Time value={end} /></td>
                      <td data-label="Addresses" class={each.addresses.length === 0 ? 'void' : ''}><Text value={each.addresses.join(', ')} cut="narrow" /></td>
                      <td><div class="actions">
                        <Link class="button compact" to={pathTo(['decisions'], new URLSearchParams({ session: each.id }))}>What it did</Link>
                        {each.state === 'live' && may('session', 'revoke') && <button type="button" class="button danger compact" onClick={() => setCut({ kind: 'session', id: each.id, subject: each.subject })}><Icon name="cut" size={13} />Cut</button>}
                      </div></td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
        {(sessions.value?.next !== undefined || after !== '') && (
          <div class="pager">
            {after !== '' ? <Link to={pathTo(['sessions'], query({}))}>Back to the first</Link> : <span />}
            {sessions.value?.next !== undefined && <Link class="button compact" to={pathTo(['sessions'], query({ after: sessions.value.next }))}>More sessions</Link>}
          </div>
        )}
      </section>
      {cut !== undefined && <RevokeDialog target={cut} onClose={() => setCut(undefined)} onDone={done} />}
      {lifting !== undefined && <Lift revocation={lifting} onClose={() => setLifting(undefined)} onDone={() => { setLifting(undefined); revocations.reload(); }} />}
    </div>
  );
}
