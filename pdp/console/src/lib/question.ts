// A question to try: what the form holds, the address carries, and /v1/evaluate is sent.
import type { EvaluateRequest, LogRecord } from '../api/schema';

// In an address: base64url of the JSON, so that any text survives any mail program.
export function encodeQuestion(question: EvaluateRequest): string {
  const bytes = new TextEncoder().encode(JSON.stringify(question));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

// Nothing where it is no such text. What the question says is the server's to judge.
export function decodeQuestion(text: string): EvaluateRequest | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));
    return readQuestion(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';

// JSON with the three parts that every question has.
export function readQuestion(json: string): EvaluateRequest | undefined {
  try {
    const read: unknown = JSON.parse(json);
    if (!isObject(read) || !isObject(read['subject']) || !isObject(read['action']) || !isObject(read['resource'])) return undefined;
    const { subject, action, resource } = read;
    if (!isText(subject['type']) || !isText(subject['id']) || !isText(action['name']) || !isText(resource['type']) || !isText(resource['id'])) return undefined;
    return read as unknown as EvaluateRequest;
  } catch {
    return undefined;
  }
}

// The question of a decision, as far as its record tells: at its time, by its revision.
export function questionOf(record: LogRecord): EvaluateRequest {
  return {
    subject: record.session !== undefined ? { type: 'session', id: record.session } : { type: record.subject?.type ?? 'user', id: record.subject?.id ?? '' },
    action: { name: record.action ?? '' },
    resource: { type: record.resource?.type ?? '', id: record.resource?.id ?? '', ...(record.resource?.properties && { properties: record.resource.properties }) },
    ...(record.revision !== undefined && { revision: record.revision }),
    time: record.time,
  };
}

export interface Preset {
  readonly label: string;
  readonly question: EvaluateRequest;
}

const rita = { type: 'user', id: 'keycloak/rita', claims: { groups: ['/agents/research'], tenant: 'acme' } };

// Where to begin. Each stands for one domain of questions.
export const presets: readonly Preset[] = [
  { label: 'Open a connection', question: { subject: rita, action: { name: 'egress.connect' }, resource: { type: 'endpoint', id: 'packages.example.org:443', properties: { host: 'packages.example.org', port: 443, protocol: 'tls', addresses: ['23.0.0.10'] } } } },
  { label: 'Use a secret', question: { subject: rita, action: { name: 'secret.use' }, resource: { type: 'secret', id: 'llm/anthropic', properties: { use: 'inject', upstream: 'https://api.anthropic.com', method: 'POST', path: '/v1/messages', model: 'claude-sonnet-4-5' } } } },
  { label: 'Run a program', question: { subject: rita, action: { name: 'process.exec' }, resource: { type: 'program', id: '/usr/bin/python3', properties: { file: '/usr/bin/python3.11', stable: true, cwd: '/workspace', user: 'sandbox' } } } },
  { label: 'Read decisions in this console', question: { subject: rita, action: { name: 'search' }, resource: { type: 'decision-log', id: 'all' } } },
];

// An object as people write JSON: one member a line, lists of plain values on theirs.
export function asText(value: Record<string, unknown> | undefined): string {
  if (value === undefined) return '';
  return JSON.stringify(value, null, 2).replace(/\[\s*([^[\]{}]*?)\s*\]/g, (whole, inner: string) => {
    if (inner === '') return '[]';
    try {
      const list: unknown = JSON.parse(whole);
      return Array.isArray(list) ? `[${list.map((each) => JSON.stringify(each)).join(', ')}]` : whole;
    } catch {
      return whole;
    }
  });
}
