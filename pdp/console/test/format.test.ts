import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flatten, formatAgo, formatBytes, formatCount, formatDollars, formatDuration, formatTime, shortId, shortRevision } from '../src/lib/format';
import { asText, decodeQuestion, encodeQuestion, presets, questionOf, readQuestion } from '../src/lib/question';
import { parseLocation, pathTo } from '../src/lib/router';
import { coarser, fillBuckets } from '../src/ui/plot';

const now = new Date('2026-11-25T12:00:00Z');

describe('what people read', () => {
  it('times', () => {
    assert.match(formatTime('2026-11-25T12:00:00.123Z', { millis: true }), /^2026-11-2[456] \d\d:\d\d:00\.123$/);
    assert.equal(formatTime('not a time'), 'not a time');
  });
  it('ages', () => {
    const cases: [string, string][] = [['2026-11-25T12:00:00Z', 'now'], ['2026-11-25T11:59:30Z', '30 s ago'], ['2026-11-25T11:00:01Z', '59 min ago'], ['2026-11-25T11:00:00Z', '1 h ago'],
      ['2026-11-23T11:00:00Z', '2 d ago'], ['2026-11-25T12:15:00Z', 'in 15 min'], ['garbage', 'garbage']];
    for (const [time, expected] of cases) assert.equal(formatAgo(time, now), expected);
  });
  it('counts and sizes', () => {
    assert.equal(formatCount(1_234_567), '1,234,567');
    const sizes: [number, string][] = [[0, '0 B'], [1023, '1023 B'], [1024, '1.0 KiB'], [10 * 1024 * 1024, '10.0 MiB'], [200 * 1024 * 1024, '200 MiB']];
    for (const [bytes, expected] of sizes) assert.equal(formatBytes(bytes), expected);
    const spans: [number, string][] = [[999, '999 ms'], [1000, '1.0 s'], [59_400, '59 s'], [60_000, '1 min 0 s'], [3_600_000, '1 h 0 min'], [90_000_000, '25 h 0 min']];
    for (const [millis, expected] of spans) assert.equal(formatDuration(millis), expected);
  });
  it('money, exactly', () => {
    const costs: [string, string][] = [['0', '$0.0000'], ['0.000049999999', '$0.0000'], ['0.00005', '$0.0001'], ['0.99995', '$1.0000'], ['1.005', '$1.01'], ['1.004999999999', '$1.00'], ['12345678.9', '$12,345,678.90'],
      ['9007199254740993.01', '$9,007,199,254,740,993.01'], ['-0.5', '−$0.5000'], ['unpriced', 'unpriced']];
    for (const [cost, expected] of costs) assert.equal(formatDollars(cost), expected);
  });
  it('ids', () => {
    assert.equal(shortId('ses_01KAX0000000000000000ABCDE'), 'ses_…000ABCDE');
    assert.equal(shortRevision(`sha256:${'ab'.repeat(32)}`), 'abababababab');
  });
  it('nested obligations', () => assert.deepEqual(flatten({ connect: { addresses: ['a', 'b'], n: 1 }, empty: {}, list: [{ x: 1 }] }),
    [['connect.addresses', 'a, b'], ['connect.n', '1'], ['empty', '{}'], ['list[0].x', '1']]));
});

describe('addresses of the console', () => {
  it('a part may hold anything', () => {
    for (const part of ['dec_01', 'a/b', 'ü?#', '..', '%2f', '<x>']) assert.deepEqual(parseLocation(new URL(pathTo(['decisions', part]), 'http://x').pathname, '', '').parts, part === '..' ? [] : ['decisions', part]);
  });
  it('a broken escape does not break the page', () => assert.deepEqual(parseLocation('/console/decisions/%E0%A4%A', '', '').parts, ['decisions', '%E0%A4%A']));
  it('has a query and a fragment', () => assert.equal(pathTo(['policies', 'r'], new URLSearchParams({ file: 'a b.yaml' }), 'L3'), '/console/policies/r?file=a+b.yaml#L3'));
});

describe('questions', () => {
  it('come back from an address', () => {
    for (const { question } of presets) assert.deepEqual(decodeQuestion(encodeQuestion(question)), question);
    const odd = { subject: { type: 'user', id: 'ü\u202e💥' }, action: { name: '?' }, resource: { type: '/', id: '+' } };
    assert.deepEqual(decodeQuestion(encodeQuestion(odd)), odd);
    assert.match(encodeQuestion(odd), /^[\w-]+$/);
  });
  it('are nothing where they are none', () => {
    for (const text of ['', '%', 'AAAA', btoa('{}'), btoa('[]'), btoa('{"subject":{"type":1,"id":""},"action":{"name":""},"resource":{"type":"","id":""}}')]) assert.equal(decodeQuestion(text), undefined);
    assert.equal(readQuestion('{"subject":{}'), undefined);
  });
  it('of a record ask for its session, at its time, by its policies', () => {
    const record = { v: 1 as const, kind: 'decision' as const, source: { name: 'p', boot: 'b' }, time: '2026-11-25T12:00:00Z', session: 'ses_1', subject: { type: 'session', id: 'keycloak/rita' },
      action: 'egress.connect', resource: { type: 'endpoint', id: 'a:443' }, revision: 'sha256:ab' };
    assert.deepEqual(questionOf(record), { subject: { type: 'session', id: 'ses_1' }, action: { name: 'egress.connect' }, resource: { type: 'endpoint', id: 'a:443' }, revision: 'sha256:ab', time: '2026-11-25T12:00:00Z' });
  });
  it('JSON as people write it, with the same meaning', () => {
    const value = { groups: ['a', 'b, c', '[d]'], n: [1, 2], empty: [], nested: { list: [{ x: ['y'] }] } };
    assert.deepEqual(JSON.parse(asText(value)), value);
    assert.match(asText({ groups: ['a', 'b'] }), /"groups": \["a", "b"\]/);
  });
});

describe('the plot', () => {
  it('has a bar for each step, also where nothing was', () => {
    const filled = fillBuckets({ from: '2026-11-25T10:00:00Z', until: '2026-11-25T10:05:00Z', step: 60, complete: true, buckets: [{ time: '2026-11-25T10:02:00Z', allow: 1, deny: 2, other: 3 }] });
    assert.equal(filled.times.length, 5);
    assert.deepEqual([filled.allow, filled.deny, filled.other], [[0, 0, 1, 0, 0], [0, 0, 2, 0, 0], [0, 0, 3, 0, 0]]);
  });
  it('has fewer, wider bars for a long time, and loses no count', () => {
    const buckets = Array.from({ length: 720 }, (_, index) => ({ time: new Date(Date.parse('2026-11-25T04:00:00Z') + index * 30_000).toISOString(), allow: 1, deny: index % 3, other: 0 }));
    const wide = coarser({ from: '2026-11-25T04:00:00Z', until: '2026-11-25T10:00:00Z', step: 30, complete: true, buckets });
    assert.equal(wide.step, 300);
    assert.equal(wide.buckets.length, 72);
    assert.equal(wide.buckets.reduce((sum, each) => sum + each.allow, 0), 720);
    assert.equal(wide.buckets.reduce((sum, each) => sum + each.deny, 0), 720);
    const few = { from: '2026-11-25T04:00:00Z', until: '2026-11-25T04:30:00Z', step: 30, complete: true, buckets };
    assert.equal(coarser(few), few);
  });
  it('never has more than it can draw', () => {
    assert.ok(fillBuckets({ from: '1970-01-01T00:00:00Z', until: '2026-11-25T10:05:00Z', step: 1, complete: true, buckets: [] }).times.length <= 1500);
  });
});
