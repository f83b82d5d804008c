// Who is signed in, the API in their name, and what the policies would allow them, for what to show.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from '../api/client';
import type { Console } from '../api/schema';

export interface Signed {
  readonly api: Api;
  readonly start: Console;
  readonly user: NonNullable<Console['user']>;
  readonly may: (type: string, action: string) => boolean;
}

export const SignedContext = createContext<Signed | undefined>(undefined);

export function useSigned(): Signed {
  const signed = useContext(SignedContext);
  if (signed === undefined) throw new Error('a page outside of a sign-in');
  return signed;
}
