import type { JSX } from 'preact';
export function Usage({ url }: { url: string }): JSX.Element { return <>{url}</>; }
