// Light, dark, or as the system has it. Kept in this browser only.
import { useEffect, useState } from 'preact/hooks';

export type Theme = 'system' | 'light' | 'dark';
const key = 'portreeve-theme';
const dark = (): MediaQueryList => window.matchMedia('(prefers-color-scheme: dark)');

export function storedTheme(): Theme {
  try {
    const stored = window.localStorage.getItem(key);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

export function applyTheme(theme: Theme): void {
  const shown = theme === 'system' ? (dark().matches ? 'dark' : 'light') : theme;
  document.documentElement.dataset['theme'] = shown;
  window.dispatchEvent(new Event('portreeve-theme'));
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => {
    const query = dark();
    const follow = (): void => applyTheme(storedTheme());
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  return [theme, (next) => {
    try {
      if (next === 'system') window.localStorage.removeItem(key);
      else window.localStorage.setItem(key, next);
    } catch {
      // A browser that keeps nothing still shows the choice.
    }
    setTheme(next);
    applyTheme(next);
  }];
}
