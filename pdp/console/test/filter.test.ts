import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apiQuery, everything, fields, type Filter, parseFilter, parseSearch, pinned, ranges, withValue, writeFilter } from '../src/lib/filter';

const now = new Date('2026-11-25T12:00:00.000Z');
const round = (filter: Filter): Filter => parseFilter(new URLSearchParams(writeFilter(filter).toString()));

describe('the filter in the address', () => {
  const cases: [string, Filter][] = [
    ['nothing', everything],
    ['a relative time', { ...everything, range: '24h' }],
    ['an absolute time', { ...everything, from: '2026-11-25T00:00:00.000Z', until: '2026-11-25T01:00:00.000Z' }],
    ['one end of it', { ...everything, until: '2026-11-25T01:00:00.000Z' }],
    ['text that looks like an address', { ...everything, text: '?a=b&c=d#e +%20' }],
    ['hostile text', { ...everything, text: '<script>\u202e\u0000"' }],
    ['every field', { ...everything, values: Object.fromEntries(fields.map(({ name }) => [name, `value of ${name}/&=`])) }],
    ['with the console\'s own requests', { ...everything, hideAdministration: false }],
  ];
  for (const [name, filter] of cases) it(`comes back: ${name}`, () => assert.deepEqual(round(filter), filter));

  it('comes back, whatever it is', () => {
    const seed = Number(process.env['PORTREEVE_SEED'] ?? Date.now() % 1_000_000);
    let state = seed;
    const random = (below: number): number => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return state % below; };
    const text = (): string => Array.from({ length: 1 + random(12) }, () => String.fromCodePoint(32 + random(0x2fff))).join('');
    for (let run = 0; run < 500; ++run) {
      let filter: Filter = { ...everything, text: random(2) ? text() : '', hideAdministration: random(2) === 1 };
      for (const { name } of fields) if (random(3) === 0) filter = withValue(filter, name, text());
      if (random(2)) filter = { ...filter, range: ranges[random(ranges.length)]?.name ?? '1h' };
      assert.deepEqual(round(filter), filter, `seed ${seed}, run ${run}`);
    }
  });
  it('leaves out what it does not know', () => {
    assert.deepEqual(parseFilter(new URLSearchParams('range=forever&from=yesterday&nonsense=1&host=')), everything);
  });
  it('an absolute time wins over a relative one', () => {
    assert.deepEqual(parseFilter(new URLSearchParams('range=1h&until=2026-11-25T01:00:00Z')), { ...everything, until: '2026-11-25T01:00:00Z' });
  });
  it('a permalink has its time fixed', () => {
    assert.deepEqual(pinned({ ...everything, range: '1h' }, now), { ...everything, from: '2026-11-25T11:00:00.000Z', until: '2026-11-25T12:00:00.000Z' });
    assert.deepEqual(pinned(everything, now), { ...everything, until: '2026-11-25T12:00:00.000Z' });
    const fixed: Filter = { ...everything, until: '2026-11-01T00:00:00Z' };
    assert.deepEqual(pinned(fixed, now), fixed);
  });
  it('asks the API for absolute times', () => {
    assert.equal(apiQuery({ ...withValue(everything, 'host', 'a.example'), range: '15m' }, now).toString(),
      'host=a.example&from=2026-11-25T11%3A45%3A00.000Z&administration=hide');
  });
});

describe('the search field', () => {
  const cases: [string, string, ReturnType<typeof parseSearch>][] = [
    ['free text', 'git push', { values: {}, text: 'git push' }],
    ['a field', 'host:pastebin.com', { values: { host: 'pastebin.com' }, text: '' }],
    ['fields and text', 'push decision:deny now', { values: { decision: 'deny' }, text: 'push now' }],
    ['a value with blanks', 'subject:"keycloak/rita l"', { values: { subject: 'keycloak/rita l' }, text: '' }],
    ['case of the name does not matter', 'resourcetype:endpoint HOST:a', { values: { resourceType: 'endpoint', host: 'a' }, text: '' }],
    ['a name that is no field is text', 'https://a.example sha256:ab', { values: {}, text: 'https://a.example sha256:ab' }],
    ['a phrase', '"git push"', { values: {}, text: 'git push' }],
    ['a field without a value is text', 'host: a', { values: {}, text: 'host: a' }],
    ['the last one wins', 'host:a host:b', { values: { host: 'b' }, text: '' }],
    ['an id with colons', 'revision:sha256:abc', { values: { revision: 'sha256:abc' }, text: '' }],
    ['nothing', '   ', { values: {}, text: '' }],
    ['quotes alone', '""', { values: {}, text: '' }],
  ];
  for (const [name, typed, expected] of cases) it(name, () => assert.deepEqual(parseSearch(typed), expected));
});
