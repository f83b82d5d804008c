import type { ComponentChildren, JSX } from 'preact';
import { Failure } from '../api/client';
import type { LogRecord, SessionState } from '../api/schema';
import { answerOf } from '../lib/format';
import { navigate } from '../lib/router';
import { Icon, type IconName } from './icons';
import { Text } from './text';

// A link to a page of the console; with a modifier or another button it is the browser's own.
export function Link({ to, children, ...rest }: { to: string; children: ComponentChildren } & Omit<JSX.HTMLAttributes<HTMLAnchorElement>, 'href'> & { class?: string }): JSX.Element {
  return (
    <a
      href={to}
      {...rest}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(to);
      }}
    >
      {children}
    </a>
  );
}

export function Card({ title, aside, children, flush = false, id }: { title?: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren; flush?: boolean; id?: string }): JSX.Element {
  return (
    <section class="card" id={id}>
      {title !== undefined && (
        <div class="card-head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      <div class={flush ? 'card-body flush' : 'card-body'}>{children}</div>
    </section>
  );
}

export function Verdict({ allowed, large = false }: { allowed: boolean; large?: boolean }): JSX.Element {
  const name = allowed ? 'allow' : 'deny';
  return <span class={`badge ${name}${large ? ' large' : ''}`}><Icon name={name} size={large ? 15 : 12} />{allowed ? 'Allowed' : 'Denied'}</span>;
}

// Of any record: the answer, or what kind of report it is.
export function RecordBadge({ record }: { record: LogRecord }): JSX.Element {
  const answer = answerOf(record);
  if (answer !== undefined) return <Verdict allowed={answer === 'allow'} />;
  if (record.kind === 'refusal') return <span class="badge deny"><Icon name="deny" size={12} />Refused</span>;
  const names: Readonly<Record<string, string>> = { outcome: 'Outcome', use: 'Cached use', admin: 'Admin' };
  return <span class="badge">{names[record.kind] ?? <Text value={record.kind} />}{record.event === undefined ? '' : <>: <Text value={record.event} /></>}</span>;
}

const states: Readonly<Record<SessionState, { class: string; label: string }>> = {
  live: { class: 'allow', label: 'Live' }, ended: { class: '', label: 'Ended' }, revoked: { class: 'deny', label: 'Cut' }, expired: { class: '', label: 'Expired' },
};
export function StateBadge({ state }: { state: SessionState }): JSX.Element {
  const shown = states[state];
  return <span class={`badge ${shown.class}`}>{state === 'revoked' && <Icon name="cut" size={12} />}{state === 'live' && <Icon name="allow" size={12} />}{shown.label}</span>;
}

export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren] | undefined | false)[] }): JSX.Element {
  return (
    <dl class="facts">
      {rows.map((row) => row && row[1] !== undefined && row[1] !== '' && [<dt><Text value={row[0]} /></dt>, <dd>{row[1]}</dd>])}
    </dl>
  );
}

export function Notice({ kind, children }: { kind: 'info' | 'warn' | 'deny'; children: ComponentChildren }): JSX.Element {
  return <div class={`notice ${kind === 'info' ? '' : kind}`} role={kind === 'info' ? undefined : 'status'}><Icon name={kind === 'info' ? 'info' : 'warn'} /><div>{children}</div></div>;
}

// `page`: it is all that the page shows, so its title is the page's heading.
export function Empty({ title, children, icon = 'empty', action, page = false }: { page?: boolean; title: string; children?: ComponentChildren; icon?: IconName; action?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <Icon name={icon} size={36} />
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children !== undefined && <p>{children}</p>}
      {action}
    </div>
  );
}

export function Loading({ what }: { what: string }): JSX.Element {
  return <div class="loading" role="status"><span class="spinner" aria-hidden="true" />Reading {what}…</div>;
}

interface Advice { title: string; advice: string }
function adviceFor(error: unknown): Advice {
  if (!(error instanceof Failure)) return { title: 'The console made a mistake', advice: 'Reload the page. If it comes back, the browser\'s console says where.' };
  switch (error.code) {
    case 'unreachable': return { title: 'The PDP does not answer', advice: 'Is portreeve-pdp running, and is its admin listener still at this address? The console tries again when you do.' };
    case 'unauthenticated': return { title: 'You are signed out', advice: 'Sign in again to go on where you were.' };
    case 'denied': return { title: 'The policies do not let you see this', advice: 'An AccessPolicy has to allow it for one of your roles. Ask whoever keeps the policies; the refusal is in the decision log.' };
    case 'other-tenant': return { title: 'This belongs to another tenant', advice: 'You are confined to your own tenant. Somebody with access to all tenants can open this link.' };
    case 'session-unknown':
    case 'not-found': return { title: 'There is no such thing here', advice: 'Check the address. If you have a choice of tenants, it may belong to another one.' };
    case 'bad-request': return { title: 'The PDP does not understand this question', advice: 'A filter or the address has a value that cannot be right.' };
    case 'audit-unavailable': return { title: 'The decision log cannot be written', advice: 'Nothing is answered that cannot be recorded. Look at the disk of the PDP, and at /readyz.' };
    case 'not-ready': return { title: 'The PDP is not ready yet', advice: 'Its admin listener says why at /readyz.' };
    default: return { title: 'That did not work', advice: 'Try again; if it keeps failing, the log of portreeve-pdp says more.' };
  }
}

export function ErrorState({ error, retry, page = false }: { page?: boolean; error: unknown; retry?: (() => void) | undefined }): JSX.Element {
  const { title, advice } = adviceFor(error);
  return (
    <div class="empty" role="alert">
      <Icon name="warn" size={36} />
      {page ? <h1>{title}</h1> : <h2>{title}</h2>}
      <p>{advice}</p>
      {error instanceof Failure && <p class="small">The PDP said: <Text value={error.message} />{error.field !== undefined && <> (<code><Text value={error.field} /></code>)</>}</p>}
      {retry && <button type="button" class="button" onClick={retry}>Try again</button>}
    </div>
  );
}
