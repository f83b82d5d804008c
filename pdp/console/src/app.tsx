import type { ComponentType, JSX } from 'preact';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { Api } from './api/client';
import type { Console } from './api/schema';
import { type Location, navigate, pathTo, useLocation } from './lib/router';
import { visible } from './lib/safe_text';
import { DecisionPage } from './pages/decision';
import { DecisionsPage } from './pages/decisions';
import { OverviewPage } from './pages/overview';
import { PoliciesPage } from './pages/policies';
import { SessionPage } from './pages/session';
import { SessionsPage } from './pages/sessions';
import { linkToken, SignInPage } from './pages/sign_in';
import { TryPage } from './pages/try';
import { Empty, ErrorState, Link, Loading } from './ui/basic';
import { type Signed, SignedContext } from './ui/context';
import { Shell } from './ui/shell';
import { Toasts } from './ui/toast';

const scopeKey = 'portreeve-all-tenants';

const pages: Readonly<Record<string, { title: string; one: ComponentType<{ location: Location }>; below?: ComponentType<{ location: Location }> }>> = {
  '': { title: 'Overview', one: OverviewPage },
  decisions: { title: 'Decisions', one: DecisionsPage, below: DecisionPage },
  sessions: { title: 'Sessions', one: SessionsPage, below: SessionPage },
  policies: { title: 'Policies', one: PoliciesPage, below: PoliciesPage },
  try: { title: 'Try it', one: TryPage },
};

function Page({ location }: { location: Location }): JSX.Element {
  const [name = '', ...below] = location.parts;
  const page = pages[name];
  const Found = below.length === 0 ? page?.one : page?.below;
  useEffect(() => { document.title = `${below[0] === undefined ? (page?.title ?? 'Not found') : visible(below[0])} · Portreeve`; }, [location]);
  if (Found === undefined) return <div class="page"><Empty page title="There is no such page" action={<Link to={pathTo([])} class="button">Go to the overview</Link>}>The address may have been cut short.</Empty></div>;
  return <Found location={location} />;
}

export function App(): JSX.Element {
  const location = useLocation();
  const api = useMemo(() => new Api(), []);
  const [start, setStart] = useState<Console>();
  const [error, setError] = useState<unknown>();
  const [allTenants, setAllTenants] = useState(() => window.sessionStorage.getItem(scopeKey) === 'true');
  const [round, setRound] = useState(0);

  const begin = useCallback(() => {
    setError(undefined);
    setRound((count) => count + 1);
  }, []);
  useEffect(() => {
    api.onSignedOut = () => setStart((before) => {
      if (before?.user === undefined) return before;
      const { user: _, ...signedOut } = before;
      return signedOut;
    });
    // A one-time link is redeemed by the sign-in page, not by looking who is there.
    api.start().then(setStart, setError);
  }, [api, round]);

  const user = start?.user;
  // Who has no tenant sees beyond it or nothing; who has one, only if asked for and allowed.
  api.allTenants = user !== undefined && (user.scope.tenant === undefined || (allTenants && user.scope.allTenants));
  const signed = useMemo<Signed | undefined>(() => (start === undefined || user === undefined ? undefined : {
    api, start, user, may: (type, action) => user.may[type]?.includes(action) ?? false,
  }), [api, start, user]);

  const content = ((): JSX.Element => {
    if (error !== undefined) return <main class="main"><ErrorState page error={error} retry={begin} /></main>;
    if (start === undefined) return <main class="main"><Loading what="the console" /></main>;
    if (signed === undefined || linkToken(location.hash) !== undefined) {
      return <SignInPage api={api} start={start} location={location} onSignedIn={(next) => setStart(next)} />;
    }
    return (
      <SignedContext.Provider value={signed}>
        <Shell
          location={location}
          allTenants={api.allTenants}
          onAllTenants={(all) => { window.sessionStorage.setItem(scopeKey, String(all)); setAllTenants(all); }}
          onSignOut={() => { api.signOut().catch(() => undefined).finally(() => { navigate(pathTo([])); begin(); }); }}
        >
          <Page key={`${location.parts.join('/')} ${api.allTenants}`} location={location} />
        </Shell>
      </SignedContext.Provider>
    );
  })();
  return <>{content}<Toasts /></>;
}
