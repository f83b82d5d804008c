// The accounting service (docs/accounting.md), asked by the browser itself: the PDP never calls it, and only signs who may read what.
import { type Api, Failure } from './client';

export interface Sums {
  readonly calls: number;
  // Exact decimals of dollars.
  readonly cost: string;
  readonly unpriced: number;
  readonly unknown: number;
  readonly estimated: number;
  readonly disputed: number;
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly inputAudio: number;
  readonly output: number;
  readonly reasoning: number;
  readonly outputAudio: number;
}

export interface UsageReport {
  readonly by: string;
  readonly currency: string;
  readonly rows: readonly (Sums & { readonly key: string })[];
  readonly leftOut: number;
  readonly totals: Sums;
}

export const dimensions = ['model', 'subject', 'session', 'tenant', 'day'] as const;
export type Dimension = (typeof dimensions)[number];

export const inputOf = (sums: Sums): number => sums.input + sums.cacheRead + sums.cacheWrite5m + sums.cacheWrite1h + sums.inputAudio;
export const outputOf = (sums: Sums): number => sums.output + sums.reasoning + sums.outputAudio;

// Tokens are good for five minutes; one is asked for again a little before.
const renewBefore = 30_000;  // ms
const longest = 10_000;  // ms

export class UsageReader {
  private held: { token: string; until: number } | undefined;

  constructor(private readonly api: Api, private readonly url: string) {}

  private async token(): Promise<string> {
    if (this.held === undefined || this.held.until - renewBefore < Date.now()) {
      const { token, expires } = await this.api.usageToken();
      this.held = { token, until: Date.parse(expires) };
    }
    return this.held.token;
  }

  async report(by: Dimension, from: Date, to: Date, limit: number): Promise<UsageReport> {
    const query = new URLSearchParams({ by, from: from.toISOString(), to: to.toISOString(), limit: String(limit) });
    const token = await this.token();
    let response: Response;
    try {
      response = await fetch(`${this.url.replace(/\/$/, '')}/v1/usage?${query.toString()}`, {
        headers: { Authorization: `Bearer ${token}` }, credentials: 'omit', redirect: 'error', cache: 'no-store', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout(longest),
      });
    } catch {
      throw new Failure('accounting-unreachable', 0, 'accounting does not answer, or does not let this console read (its --console-origin)');
    }
    if (!response.ok) throw new Failure('accounting-refused', response.status, `accounting answered ${response.status}`);
    return (await response.json()) as UsageReport;
  }
}
