// The administration API (docs/openapi.yaml), asked with the console's cookie. Whoever calls gets the answer or a Failure, never an exception
// of another kind.
import type {
  CompareRevisionsAnswer, Console, Decision, EvaluateAnswer, EvaluateRequest, Facets, GetRevisionAnswer, Histogram, ListPepsAnswer,
  ListRevisionsAnswer, ListRevocationsAnswer, ListSessionsAnswer, MintUsageTokenAnswer, Overview, Problem, RecordPage, RevocationRequest,
  Revoked, Session, Tail,
} from './schema';

export class Failure extends Error {
  constructor(
    // `urn:portreeve:problem:` without that, or `unreachable` where nothing answered.
    readonly code: string,
    readonly status: number,
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

type Method = 'GET' | 'POST' | 'DELETE';
interface Ask {
  readonly method?: Method;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

const longest = 30_000;  // ms: beyond that nobody waits

async function failureOf(response: Response): Promise<Failure> {
  try {
    const problem = (await response.json()) as Problem;
    return new Failure(problem.type.replace('urn:portreeve:problem:', ''), response.status, problem.detail ?? problem.title, problem.field);
  } catch {
    return new Failure('unexpected', response.status, `the PDP answered ${response.status}`);
  }
}

export class Api {
  // `*` beyond the reader's own tenant; `onSignedOut` is called where the PDP no longer knows who this is.
  allTenants = false;
  onSignedOut: () => void = () => undefined;

  private async ask(path: string, { method = 'GET', query = new URLSearchParams(), body, signal }: Ask = {}): Promise<Response> {
    const search = query.toString();
    const tooLong = AbortSignal.timeout(longest);
    const stop = new AbortController();
    const abort = (): void => stop.abort();
    for (const each of [signal, tooLong]) each?.addEventListener('abort', abort);
    if (signal?.aborted) stop.abort();
    let response: Response;
    try {
      response = await fetch(search === '' ? path : `${path}?${search}`, {
        method,
        signal: stop.signal,
        credentials: 'same-origin',
        redirect: 'error',
        cache: 'no-store',
        headers: method === 'GET' ? { Accept: 'application/json' } : { 'Content-Type': 'application/json', 'X-Portreeve-Console': '1' },
        ...(method !== 'GET' && { body: JSON.stringify(body ?? {}) }),
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Failure('unreachable', 0, tooLong.aborted ? 'the PDP did not answer within 30 seconds' : 'the PDP cannot be reached');
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    if (response.ok) return response;
    const failure = await failureOf(response);
    if (response.status === 401 && path !== '/v1/sign-in/link') this.onSignedOut();
    throw failure;
  }

  private async json<T>(path: string, ask?: Ask): Promise<T> {
    const response = await this.ask(path, ask);
    return (await response.json()) as T;
  }

  private scoped(query: URLSearchParams = new URLSearchParams()): URLSearchParams {
    const scoped = new URLSearchParams(query);
    if (this.allTenants) scoped.set('tenants', '*');
    return scoped;
  }

  start(): Promise<Console> { return this.json('/v1/console'); }
  redeem(token: string): Promise<Console> { return this.json('/v1/sign-in/link', { method: 'POST', body: { token } }); }
  async signOut(): Promise<void> { await this.ask('/v1/sign-out', { method: 'POST' }); }

  overview(query: URLSearchParams, signal?: AbortSignal): Promise<Overview> {
    return this.json('/v1/overview', { query: this.scoped(query), signal });
  }
  decisions(query: URLSearchParams, signal?: AbortSignal): Promise<RecordPage> {
    return this.json('/v1/decisions', { query: this.scoped(query), signal });
  }
  facets(query: URLSearchParams, signal?: AbortSignal): Promise<Facets> {
    return this.json('/v1/decisions/facets', { query: this.scoped(query), signal });
  }
  histogram(query: URLSearchParams, signal?: AbortSignal): Promise<Histogram> {
    return this.json('/v1/decisions/histogram', { query: this.scoped(query), signal });
  }
  tail(query: URLSearchParams, signal?: AbortSignal): Promise<Tail> {
    return this.json('/v1/decisions/tail', { query: this.scoped(query), signal });
  }
  // A download by the browser itself: the file is streamed to disk, however long it is.
  exportUrl(query: URLSearchParams, format: 'csv' | 'jsonl'): string {
    const scoped = this.scoped(query);
    scoped.set('format', format);
    return `/v1/decisions/export?${scoped.toString()}`;
  }
  decision(id: string, signal?: AbortSignal): Promise<Decision> {
    return this.json(`/v1/decisions/${encodeURIComponent(id)}`, { query: this.scoped(), signal });
  }
  sessions(query: URLSearchParams, signal?: AbortSignal): Promise<ListSessionsAnswer> {
    return this.json('/v1/sessions', { query: this.scoped(query), signal });
  }
  session(id: string, signal?: AbortSignal): Promise<Session> {
    return this.json(`/v1/sessions/${encodeURIComponent(id)}`, { query: this.scoped(), signal });
  }
  revocations(signal?: AbortSignal): Promise<ListRevocationsAnswer> {
    return this.json('/v1/revocations', { query: this.scoped(), signal });
  }
  revoke(request: RevocationRequest): Promise<Revoked> {
    return this.json('/v1/revocations', { method: 'POST', query: this.scoped(), body: request });
  }
  async lift(event: number): Promise<void> {
    await this.ask(`/v1/revocations/${event}`, { method: 'DELETE', query: this.scoped() });
  }
  peps(signal?: AbortSignal): Promise<ListPepsAnswer> { return this.json('/v1/peps', { signal }); }
  revisions(signal?: AbortSignal): Promise<ListRevisionsAnswer> { return this.json('/v1/policies/revisions', { signal }); }
  revision(revision: string, signal?: AbortSignal): Promise<GetRevisionAnswer> {
    return this.json(`/v1/policies/revisions/${encodeURIComponent(revision)}`, { signal });
  }
  difference(from: string, to: string, signal?: AbortSignal): Promise<CompareRevisionsAnswer> {
    return this.json('/v1/policies/difference', { query: new URLSearchParams({ from, to }), signal });
  }
  evaluate(request: EvaluateRequest): Promise<EvaluateAnswer> {
    return this.json('/v1/evaluate', { method: 'POST', query: this.scoped(), body: request });
  }
  usageToken(): Promise<MintUsageTokenAnswer> { return this.json('/v1/usage-token', { method: 'POST', query: this.scoped() }); }
}
