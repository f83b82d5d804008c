// Times, counts and names as people read them. The locale's digits, never its guess of a zone: the zone is always said.
import type { LogRecord } from '../api/schema';

const two = (value: number): string => String(value).padStart(2, '0');

// `2026-11-25 01:17:06.123`, in the reader's own zone. What is no time comes back as it is.
export function formatTime(time: string, { millis = false } = {}): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock}${millis ? `.${String(date.getMilliseconds()).padStart(3, '0')}` : ''}`;
}

// `UTC+01:00`, of the reader at that time.
export function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

const units = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]] as const;

// `3 min ago`, `in 12 min`, `now`: one unit, cut.
export function formatAgo(time: string, now: Date): string {
  const seconds = Math.round((now.getTime() - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds)) return time;
  const unit = units.find(([, length]) => Math.abs(seconds) >= length);
  if (unit === undefined) return 'now';
  const count = Math.floor(Math.abs(seconds) / unit[1]);
  return seconds >= 0 ? `${count} ${unit[0]} ago` : `in ${count} ${unit[0]}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en', { maximumFractionDigits: 0 });
}

export function formatBytes(bytes: number): string {
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < names.length - 1) { value /= 1024; ++unit; }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${names[unit] ?? ''}`;
}

// Of milliseconds: `340 ms`, `12.4 s`, `5 min 2 s`, `3 h 5 min`.
export function formatDuration(millis: number): string {
  if (millis < 1000) return `${Math.round(millis)} ms`;
  const seconds = millis / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export const shortRevision = (revision: string): string => revision.replace(/^sha256:/, '').slice(0, 12);
export const shortId = (id: string): string => (id.length > 16 ? `${id.slice(0, 4)}…${id.slice(-8)}` : id);

// What was asked for, in one string: the host and port, the program, the secret.
export function targetOf(record: LogRecord): string {
  return record.resource?.id ?? record.target ?? '';
}

const refused: Readonly<Record<string, string>> = {
  'egress.resolve': 'look up', 'egress.connect': 'connect to', 'secret.use': 'use', 'process.exec': 'run',
};

// `connect to`, or the action's own name.
export const verbOf = (action: string): string => refused[action] ?? action;

export function answerOf(record: LogRecord): 'allow' | 'deny' | undefined {
  if (record.kind !== 'decision' || record.decision === undefined) return undefined;
  return record.decision ? 'allow' : 'deny';
}

export const timeOf = (record: LogRecord): string => record.received ?? record.time;

// A number of pairs whose keys are paths: obligations and properties as a flat list.
export function flatten(value: unknown, path = ''): [string, string][] {
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each !== 'object' || each === null)) return [[path, value.map(String).join(', ')]];
    return value.flatMap((each, index) => flatten(each, `${path}[${index}]`));
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value);
    if (members.length === 0 && path !== '') return [[path, '{}']];
    return members.flatMap(([name, member]) => flatten(member, path === '' ? name : `${path}.${name}`));
  }
  return [[path, String(value)]];
}

// An exact decimal of dollars to the cent, or, below a dollar, to a hundredth of one: rounded half up, never through floating point.
export function formatDollars(cost: string): string {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(cost);
  if (found === null) return cost;
  const [, sign = '', whole = '0', fraction = ''] = found;
  const places = whole === '0' ? 4 : 2;
  const digits = BigInt(whole + fraction.slice(0, places).padEnd(places, '0')) + (Number(fraction[places] ?? '0') >= 5 ? 1n : 0n);
  const text = digits.toString().padStart(places + 1, '0');
  const units = text.slice(0, -places).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${sign === '' ? '' : '−'}$${units}.${text.slice(-places)}`;
}
