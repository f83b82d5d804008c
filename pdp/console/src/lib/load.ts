// Something the API answers, for as long as the page shows it: asked anew when `key` changes, the answer before kept until the next is here.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { isAbort } from '../api/client';

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: unknown;
  readonly busy: boolean;
  readonly reload: () => void;
}

export function useLoad<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ value: T | undefined; error: unknown; busy: boolean }>({ value: undefined, error: undefined, busy: true });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const stop = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    latest.current(stop.signal).then(
      (value) => { if (!stop.signal.aborted) setState({ value, error: undefined, busy: false }); },
      (error: unknown) => { if (!stop.signal.aborted && !isAbort(error)) setState({ value: undefined, error, busy: false }); },
    );
    return () => stop.abort();
  }, [key, round]);
  return { ...state, reload: useCallback(() => setRound((count) => count + 1), []) };
}
