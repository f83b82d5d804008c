// One-letter keys, off while someone types, and never with a modifier that the browser or a screen reader uses.
import { useEffect } from 'preact/hooks';

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export type Keys = Readonly<Partial<Record<string, (event: KeyboardEvent) => void>>>;

export function useKeys(keys: Keys): void {
  useEffect(() => {
    const handle = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector('dialog[open]') !== null) return;
      if (typing(event.target) && event.key !== 'Escape') return;
      const action = keys[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action(event);
    };
    window.addEventListener('keydown', handle);
    return () => window.removeEventListener('keydown', handle);
  });
}
