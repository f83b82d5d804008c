import type { JSX } from 'preact';

// Line icons of 16 by 16, decoration only: what they say is said in words beside them.
const shapes = {
  overview: 'M2 13.5h12M4 11V7M8 11V3M12 11V5.5',
  decisions: 'M2.5 3.5h11M2.5 8h11M2.5 12.5h7',
  sessions: 'M8 8.2a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8ZM2.7 14c.4-2.6 2.5-4 5.3-4s4.9 1.4 5.3 4',
  policies: 'M4 1.8h5.5L12.5 5v9.2H4ZM9.3 2v3.2h3M6 8h4.5M6 10.8h4.5',
  try: 'M6.2 6a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.7-.8 1.4M8 11.5v.1M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z',
  allow: 'm3.2 8.6 3.1 3 6.5-7',
  deny: 'm4 4 8 8M12 4l-8 8',
  warn: 'M8 2 1.6 13.5h12.8ZM8 6.5v3.4M8 11.8v.1',
  info: 'M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM8 7.2v4M8 4.9V5',
  cut: 'M8 1.6v6M4.6 3.8a5.6 5.6 0 1 0 6.8 0',
  link: 'M6.6 9.4a2.6 2.6 0 0 0 3.7 0l2.6-2.6a2.6 2.6 0 0 0-3.7-3.7l-.8.8M9.4 6.6a2.6 2.6 0 0 0-3.7 0L3.1 9.2a2.6 2.6 0 0 0 3.7 3.7l.8-.8',
  download: 'M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11',
  empty: 'M2 9.5h3.4l1 1.8h3.2l1-1.8H14M2 9.5 4 3h8l2 6.5v4H2Z',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width={name === 'allow' || name === 'deny' ? 2.2 : 1.5} stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}

export function Mark(): JSX.Element {
  return (
    <svg width="26" height="26" viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#1d4f91" />
      <path d="M7 26V13a9 9 0 0 1 18 0v13" stroke="#fff" stroke-width="2.6" />
      <path d="M12.5 26V14m7 12V14M7.5 19h17" stroke="#fff" stroke-width="2.2" />
    </svg>
  );
}
