// Pages by path below /console/. The address bar is the state: a link shows a third person the same page.
import { useEffect, useState } from 'preact/hooks';

export const base = '/console/';

export interface Location {
  // The parts of the path below /console/, decoded: `['decisions', 'dec_01…']`.
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly hash: string;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parseLocation(path: string, search: string, hash: string): Location {
  const below = path.startsWith(base) ? path.slice(base.length) : '';
  return { parts: below.split('/').filter((part) => part !== '').map(decode), query: new URLSearchParams(search), hash: hash.replace(/^#/, '') };
}

// An address of the console. Parts are encoded; an empty query leaves no question mark.
export function pathTo(parts: readonly string[], query?: URLSearchParams, hash = ''): string {
  const search = query?.toString() ?? '';
  return `${base}${parts.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}${hash === '' ? '' : `#${hash}`}`;
}

const moved = new EventTarget();
const current = (): Location => parseLocation(window.location.pathname, window.location.search, window.location.hash);

// Only for addresses made by pathTo.
export function navigate(path: string, how: 'push' | 'replace' = 'push'): void {
  const before = window.location.pathname;
  if (how === 'push') window.history.pushState(null, '', path);
  else window.history.replaceState(null, '', path);
  moved.dispatchEvent(new Event('move'));
  if (how === 'push' && window.location.pathname !== before) window.scrollTo(0, 0);
}

export function useLocation(): Location {
  const [location, setLocation] = useState(current);
  useEffect(() => {
    const update = (): void => setLocation(current());
    moved.addEventListener('move', update);
    window.addEventListener('popstate', update);
    window.addEventListener('hashchange', update);
    return () => {
      moved.removeEventListener('move', update);
      window.removeEventListener('popstate', update);
      window.removeEventListener('hashchange', update);
    };
  }, []);
  return location;
}
