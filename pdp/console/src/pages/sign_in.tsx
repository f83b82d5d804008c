import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { type Api, Failure } from '../api/client';
import type { Console } from '../api/schema';
import { type Location, navigate, pathTo } from '../lib/router';
import { Notice } from '../ui/basic';
import { Mark } from '../ui/icons';
import { Text } from '../ui/text';

// The token of a one-time link, which stands in the fragment so that no server's log has it.
export function linkToken(hash: string): string | undefined {
  return /^link=([A-Za-z0-9_.-]{1,128})$/.exec(hash)?.[1];
}

const failures: Readonly<Record<string, string>> = {
  refused: 'The identity provider refused, or the policies give you nothing to do here.',
  expired: 'Signing in took too long, or was begun in another window. Begin again.',
  failed: 'The identity provider and the PDP did not understand each other. The log of portreeve-pdp says why.',
};

export function SignInPage({ api, start, location, onSignedIn }: { api: Api; start: Console; location: Location; onSignedIn: (next: Console) => void }): JSX.Element {
  const token = linkToken(location.hash);
  const redeemed = useRef<string>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => { document.title = 'Sign in · Portreeve'; }, []);
  useEffect(() => {
    if (token === undefined || redeemed.current === token) return;
    redeemed.current = token;
    // Out of the address before anything else: it is not to stay in the history.
    navigate(pathTo(location.parts, location.query), 'replace');
    api.redeem(token).then(onSignedIn, (error: unknown) => {
      setProblem(error instanceof Failure && error.code === 'unreachable' ? 'The PDP cannot be reached.' : 'This link was used, is older than five minutes, or is not right. Get a new one with `portreeve console-link`.');
    });
  }, [token]);

  const query = new URLSearchParams(location.query);
  const code = query.get('sign-in');
  query.delete('sign-in');
  const back = pathTo(location.parts, query);
  const { providers, link } = start.signIn;
  return (
    <main class="sign-in">
      <div class="card">
        <span class="brand"><Mark />Portreeve</span>
        <div>
          <h1>Sign in</h1>
          <p class="muted">to the decisions of <Text value={start.pdp} /></p>
        </div>
        {code !== null && <Notice kind="deny">{failures[code] ?? failures['failed']}</Notice>}
        {problem !== undefined && <Notice kind="deny">{problem}</Notice>}
        {providers.map((provider) => (
          <a class="button primary" href={`${provider.url}?${new URLSearchParams({ return: back }).toString()}`}>Sign in with <Text value={provider.name} /></a>
        ))}
        {link && <p class="muted small">{providers.length > 0 ? 'Or open' : 'Open'} a one-time link: <code>tools/run</code> prints one, and <code>portreeve console-link</code> makes another. It works once, for five minutes.</p>}
        {providers.length === 0 && !link && (
          <Notice kind="warn">Nobody can sign in yet: no IdentityProvider of the policies names <code>console: {'{'} clientId {'}'}</code>. Add it to the provider that your people use; docs/console.md shows how.</Notice>
        )}
      </div>
    </main>
  );
}
