import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useKeys } from '../lib/keys';
import { type Location, navigate, pathTo } from '../lib/router';
import { visible } from '../lib/safe_text';
import { type Theme, useTheme } from '../lib/theme';
import { Link } from './basic';
import { useSigned } from './context';
import { Dialog } from './dialog';
import { Icon, type IconName, Mark } from './icons';
import { Text } from './text';

interface Entry { readonly page: string; readonly label: string; readonly icon: IconName; readonly query?: string; readonly needs: readonly [string, string] }
const entries: readonly Entry[] = [
  { page: '', label: 'Overview', icon: 'overview', needs: ['decision-log', 'read'] },
  { page: 'decisions', label: 'Decisions', icon: 'decisions', query: 'kind=decision', needs: ['decision-log', 'search'] },
  { page: 'sessions', label: 'Sessions', icon: 'sessions', needs: ['session', 'read'] },
  { page: 'policies', label: 'Policies', icon: 'policies', needs: ['policy', 'read'] },
  { page: 'try', label: 'Try it', icon: 'try', needs: ['policy', 'evaluate'] },
];
const pathOf = (entry: Entry): string => pathTo(entry.page === '' ? [] : [entry.page], new URLSearchParams(entry.query));

const help: readonly (readonly [string, string])[] = [
  ['/', 'go to the search field'], ['j', 'the next row'], ['k', 'the row before'], ['Enter', 'open the row'], ['Esc', 'leave a field; back to the list'],
  ['t', 'follow the log live, or stop'], ['e', 'export what is shown'], ['1 – 5', 'go to a page of the menu'], ['?', 'these keys'],
];

export function Shell({ location, allTenants, onAllTenants, onSignOut, children }: {
  location: Location; allTenants: boolean; onAllTenants: (all: boolean) => void; onSignOut: () => void; children: ComponentChildren;
}): JSX.Element {
  const { user, start, may } = useSigned();
  const [theme, setTheme] = useTheme();
  const [open, setOpen] = useState(false);
  const [helping, setHelping] = useState(false);
  const shown = entries.filter((entry) => may(...entry.needs));
  useKeys({
    '?': () => setHelping(true),
    ...Object.fromEntries(shown.map((entry, index) => [String(index + 1), () => navigate(pathOf(entry))])),
  });
  const page = location.parts[0] ?? '';
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById('content')?.focus(); }}>Skip to the content</a>
      <header class={`sidebar${open ? ' open' : ''}`}>
        <div class="sidebar-top">
          <Link to={pathTo([])} class="brand"><Mark />Portreeve</Link>
          <button type="button" class="button plain compact menu-button" aria-expanded={open} aria-controls="menu" onClick={() => setOpen(!open)}>Menu</button>
        </div>
        <nav class="nav" id="menu" aria-label="Pages" onClick={() => setOpen(false)}>
          {shown.map((entry) => <Link to={pathOf(entry)} aria-current={entry.page === page ? 'page' : undefined}><Icon name={entry.icon} />{entry.label}</Link>)}
        </nav>
        <div class="sidebar-foot">
          {user.scope.tenant !== undefined && (user.scope.allTenants
            ? (
              <select aria-label="Tenants shown" value={allTenants ? 'all' : 'own'} onChange={(event) => onAllTenants(event.currentTarget.value === 'all')}>
                <option value="own">Tenant {visible(user.scope.tenant)}</option><option value="all">All tenants</option>
              </select>
            )
            : <span>Tenant <Text value={user.scope.tenant} /></span>)}
          <div class="who"><strong><Text value={user.subject} /></strong><span><Text value={user.roles.join(', ') || 'no roles'} /></span><span>at <Text value={start.pdp} />{start.dev ? ' (dev)' : ''}</span></div>
          <select aria-label="Colours" value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
            <option value="system">System colours</option><option value="light">Light</option><option value="dark">Dark</option>
          </select>
          <div class="foot-buttons">
            <button type="button" class="button plain compact" onClick={() => setHelping(true)}>Keys</button>
            <button type="button" class="button plain compact" onClick={onSignOut}>Sign out</button>
          </div>
        </div>
      </header>
      <main class="main" id="content" tabIndex={-1}>{children}</main>
      {helping && (
        <Dialog title="Keys" onClose={() => setHelping(false)}>
          <div class="dialog-body">
            <h2>Keys</h2>
            <dl class="keys">{help.map(([key, what]) => [<dt><kbd>{key}</kbd></dt>, <dd>{what}</dd>])}</dl>
            <div class="dialog-foot"><button type="button" class="button" onClick={() => setHelping(false)}>Close</button></div>
          </div>
        </Dialog>
      )}
    </div>
  );
}
