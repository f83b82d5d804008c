import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Failure } from '../api/client';
import type { RevocationRequest, Revoked } from '../api/schema';
import { formatCount } from '../lib/format';
import { Notice } from './basic';
import { useSigned } from './context';
import { Dialog } from './dialog';
import { Icon } from './icons';
import { Text } from './text';
import { toast } from './toast';

export type CutTarget =
  | { readonly kind: 'session'; readonly id: string; readonly subject?: string }
  | { readonly kind: 'subject' | 'tenant'; readonly id: string }
  | { readonly kind: 'all' }
  | { readonly kind: 'choose' };

const names = { session: 'session', subject: 'subject', tenant: 'tenant', all: 'everything' } as const;
type Kind = keyof typeof names;
// What must be typed before everything is cut.
const oath = 'cut everything';

// The kill switch: says what will be cut, wants a reason, and tells how much it was.
export function RevokeDialog({ target, onClose, onDone }: { target: CutTarget; onClose: () => void; onDone: (revoked: Revoked) => void }): JSX.Element {
  const { api } = useSigned();
  const [kind, setKind] = useState<Kind>(target.kind === 'choose' ? 'subject' : target.kind);
  const [id, setId] = useState('id' in target ? target.id : '');
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Failure>();
  const what = kind === 'all' ? 'everything' : `this ${names[kind]}`;
  const ready = reason.trim() !== '' && (kind === 'all' ? typed === oath : id.trim() !== '');

  const cut = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    const request: RevocationRequest = { ...(kind === 'all' ? { all: true } : { [kind]: id.trim() }), reason: reason.trim() };
    try {
      const revoked = await api.revoke(request);
      toast(<>Cut{kind === 'all' ? ' everything' : <>: <Text value={revoked.target} /></>}. {formatCount(revoked.sessions)} live {revoked.sessions === 1 ? 'session' : 'sessions'} ended; every gate is closing what they had open.</>);
      onDone(revoked);
    } catch (failure) {
      setError(failure instanceof Failure ? failure : new Failure('unexpected', 0, 'the console made a mistake'));
      setBusy(false);
    }
  };

  return (
    <Dialog title={`Cut ${what}`} onClose={onClose}>
      <form onSubmit={(event) => { event.preventDefault(); if (ready && !busy) void cut(); }}>
        <h2>{target.kind === 'choose' ? 'Cut a subject, a tenant or everything' : `Cut ${what}?`}</h2>
        {target.kind === 'choose' && (
          <div class="form-grid">
            <div class="field">
              <label for="cut-kind">What</label>
              <select id="cut-kind" value={kind} onChange={(event) => setKind(event.currentTarget.value as Kind)}>
                <option value="subject">Everything of a subject</option><option value="tenant">Everything of a tenant</option><option value="all">Everything</option>
              </select>
            </div>
            {kind !== 'all' && (
              <div class="field">
                <label for="cut-id">{kind === 'subject' ? 'Subject' : 'Tenant'}</label>
                <input id="cut-id" data-first value={id} required autocomplete="off" placeholder={kind === 'subject' ? 'keycloak/rita' : 'acme'} onInput={(event) => setId(event.currentTarget.value)} />
              </div>
            )}
          </div>
        )}
        {target.kind === 'session' && <p><code><Text value={target.id} /></code>{target.subject !== undefined && <> of <strong><Text value={target.subject} /></strong></>}</p>}
        {(target.kind === 'subject' || target.kind === 'tenant') && <p><strong><Text value={target.id} /></strong></p>}
        <p class="muted">
          Its open connections, leases and processes end now, at every gate, and nothing new starts.
          {kind === 'session' ? ' A cut session never comes back; its agent needs a new one.' : ' No new session can be made until this is lifted.'}
        </p>
        {kind === 'all' && (
          <>
            <Notice kind="deny">This stops every agent of every tenant.</Notice>
            <div class="field"><label for="cut-oath">Type “{oath}”</label><input id="cut-oath" value={typed} autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} /></div>
          </>
        )}
        <div class="field">
          <label for="cut-reason">Reason</label>
          <textarea id="cut-reason" rows={2} required maxLength={512} data-first value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          <span class="hint">Recorded with your name in the decision log.</span>
        </div>
        {error !== undefined && <Notice kind="deny">Nothing was cut: <Text value={error.message} />.</Notice>}
        <div class="dialog-foot">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button danger solid" disabled={!ready || busy}><Icon name="cut" />{busy ? 'Cutting…' : kind === 'all' ? 'Cut everything' : `Cut ${names[kind]}`}</button>
        </div>
      </form>
    </Dialog>
  );
}
