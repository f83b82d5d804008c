import { useEffect, useState } from 'preact/hooks';

// The time, renewed often enough for `3 min ago`.
export function useNow(millis = 10_000): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(new Date()), millis);
    return () => window.clearInterval(timer);
  }, [millis]);
  return now;
}
