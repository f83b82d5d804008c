// What is looked for in the log: one value for the address bar, the API, the chips and the search box.

// The fields in the order in which they are shown. Those with facets carry counts.
export const fields = [
  { name: 'decision', label: 'Answer', facet: true },
  { name: 'kind', label: 'Kind', facet: true },
  { name: 'reason', label: 'Reason', facet: true },
  { name: 'action', label: 'Action', facet: true },
  { name: 'resourceType', label: 'Resource type', facet: true },
  { name: 'host', label: 'Host', facet: true },
  { name: 'resource', label: 'Resource', facet: false },
  { name: 'subject', label: 'Subject', facet: true },
  { name: 'session', label: 'Session', facet: true },
  { name: 'tenant', label: 'Tenant', facet: true },
  { name: 'rule', label: 'Rule', facet: true },
  { name: 'revision', label: 'Revision', facet: true },
  { name: 'pep', label: 'Gate', facet: true },
  { name: 'event', label: 'Event', facet: true },
  { name: 'id', label: 'Decision id', facet: false },
] as const;

export type Field = (typeof fields)[number]['name'];
export const labelOf = (field: Field): string => fields.find((each) => each.name === field)?.label ?? field;
const isField = (name: string): name is Field => fields.some((each) => each.name === name);

export interface Filter {
  readonly values: Readonly<Partial<Record<Field, string>>>;
  readonly text: string;
  // Relative (`range`, one of `ranges`), or absolute (`from`, `until`), or neither: the whole log.
  readonly range?: string;
  readonly from?: string;
  readonly until?: string;
  // Without the decisions about requests of this very console.
  readonly hideAdministration: boolean;
}

export const ranges = [
  { name: '15m', label: 'Last 15 minutes', seconds: 900 },
  { name: '1h', label: 'Last hour', seconds: 3600 },
  { name: '6h', label: 'Last 6 hours', seconds: 21_600 },
  { name: '24h', label: 'Last 24 hours', seconds: 86_400 },
  { name: '7d', label: 'Last 7 days', seconds: 604_800 },
  { name: '30d', label: 'Last 30 days', seconds: 2_592_000 },
] as const;

export const everything: Filter = { values: {}, text: '', hideAdministration: true };

// Reads the address bar. What it does not know it leaves out: an address never makes a page fail.
export function parseFilter(query: URLSearchParams): Filter {
  const values: Partial<Record<Field, string>> = {};
  for (const { name } of fields) {
    const value = query.get(name);
    if (value !== null && value !== '') values[name] = value;
  }
  const range = ranges.find((each) => each.name === query.get('range'))?.name;
  const time = (name: string): string | undefined => {
    const value = query.get(name);
    return value !== null && !Number.isNaN(Date.parse(value)) ? value : undefined;
  };
  const from = time('from');
  const until = time('until');
  const absolute = from !== undefined || until !== undefined;
  return {
    values,
    text: query.get('text') ?? '',
    hideAdministration: query.get('administration') !== 'show',
    ...(absolute ? { ...(from !== undefined && { from }), ...(until !== undefined && { until }) } : range !== undefined && { range }),
  };
}

// The inverse: for every filter f, parseFilter(writeFilter(f)) is f.
export function writeFilter(filter: Filter): URLSearchParams {
  const query = new URLSearchParams();
  for (const { name } of fields) {
    const value = filter.values[name];
    if (value) query.set(name, value);
  }
  if (filter.text) query.set('text', filter.text);
  if (filter.from !== undefined || filter.until !== undefined) {
    if (filter.from !== undefined) query.set('from', filter.from);
    if (filter.until !== undefined) query.set('until', filter.until);
  } else if (filter.range !== undefined) {
    query.set('range', filter.range);
  }
  if (!filter.hideAdministration) query.set('administration', 'show');
  return query;
}

// The filter with its time fixed, as it is at `now`: what a permalink needs to show a colleague the same.
export function pinned(filter: Filter, now: Date): Filter {
  const { range, ...rest } = filter;
  const seconds = ranges.find((each) => each.name === range)?.seconds;
  const until = filter.until ?? now.toISOString();
  if (seconds === undefined) return { ...rest, until };
  return { ...rest, from: new Date(now.getTime() - seconds * 1000).toISOString(), until };
}

// The parameters of /v1/decisions…: times are absolute there.
export function apiQuery(filter: Filter, now: Date): URLSearchParams {
  const query = new URLSearchParams();
  for (const { name } of fields) {
    const value = filter.values[name];
    if (value) query.set(name, value);
  }
  if (filter.text) query.set('text', filter.text);
  const seconds = ranges.find((each) => each.name === filter.range)?.seconds;
  if (seconds !== undefined) query.set('from', new Date(now.getTime() - seconds * 1000).toISOString());
  if (filter.from !== undefined) query.set('from', filter.from);
  if (filter.until !== undefined) query.set('until', filter.until);
  if (filter.hideAdministration) query.set('administration', 'hide');
  return query;
}

export function withValue(filter: Filter, field: Field, value: string | undefined): Filter {
  const { [field]: _, ...others } = filter.values;
  return { ...filter, values: value === undefined ? others : { ...others, [field]: value } };
}

// What was typed into the search box: `host:pastebin.com subject:"keycloak/rita" push` names fields, what is left is free text.
// A value with blanks stands in double quotes. A word before a colon that is no field's name is free text.
export function parseSearch(typed: string): { values: Partial<Record<Field, string>>; text: string } {
  const values: Partial<Record<Field, string>> = {};
  const words: string[] = [];
  for (const match of typed.matchAll(/(?:([A-Za-z]+):)(?:"([^"]*)"|([^\s"]+))|"([^"]*)"|\S+/g)) {
    const [whole, name, quoted, bare, phrase] = match;
    const field = name === undefined ? undefined : fields.find((each) => each.name.toLowerCase() === name.toLowerCase())?.name;
    const value = quoted ?? bare;
    if (field !== undefined && isField(field) && value) values[field] = value;
    else words.push(phrase ?? whole);
  }
  return { values, text: words.join(' ') };
}

export function activeCount(filter: Filter): number {
  return Object.keys(filter.values).length + (filter.text ? 1 : 0);
}
