// Something done again and again while the page is looked at; each round waits for the one before.
import { useEffect, useRef } from 'preact/hooks';

export function usePoll(active: boolean, millis: number, round: (signal: AbortSignal) => Promise<void>): void {
  const latest = useRef(round);
  latest.current = round;
  useEffect(() => {
    if (!active) return undefined;
    const stop = new AbortController();
    let timer: number | undefined;
    const next = async (): Promise<void> => {
      if (!document.hidden) await latest.current(stop.signal).catch(() => undefined);
      if (!stop.signal.aborted) timer = window.setTimeout(next, millis);
    };
    void next();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [active, millis]);
}
