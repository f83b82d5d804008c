import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type DiffLine, diffLines, hunks, splitLines } from '../src/lib/diff';

const script = (lines: readonly DiffLine[]): string => lines.map(({ kind, text }) => `${{ same: ' ', removed: '-', added: '+' }[kind]}${text}`).join('|');

// The slow twin: how long the longest common subsequence is.
function common(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const line of a) {
    const next = [0];
    b.forEach((other, j) => next.push(line === other ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0)));
    row = next;
  }
  return row.at(-1) ?? 0;
}

function check(before: string, after: string): void {
  const lines = diffLines(before, after);
  const at = JSON.stringify([before, after]);
  assert.deepEqual(lines.filter((line) => line.kind !== 'added').map((line) => line.text), splitLines(before), at);
  assert.deepEqual(lines.filter((line) => line.kind !== 'removed').map((line) => line.text), splitLines(after), at);
  assert.deepEqual(lines.flatMap((line) => line.before ?? []), splitLines(before).map((_, index) => index + 1), at);
  assert.deepEqual(lines.flatMap((line) => line.after ?? []), splitLines(after).map((_, index) => index + 1), at);
  assert.equal(lines.filter((line) => line.kind === 'same').length, common(splitLines(before), splitLines(after)), at);
}

describe('the difference of two texts', () => {
  const cases: [string, string, string, string][] = [
    ['equal', 'a\nb\n', 'a\nb\n', ' a| b'],
    ['both empty', '', '', ''],
    ['all new', '', 'a\n', '+a'],
    ['all gone', 'a\n', '', '-a'],
    ['a changed line', 'a\nb\nc\n', 'a\nx\nc\n', ' a|-b|+x| c'],
    ['an inserted line', 'a\nc\n', 'a\nb\nc\n', ' a|+b| c'],
    ['a removed line', 'a\nb\nc\n', 'a\nc\n', ' a|-b| c'],
    ['no line feed at the end', 'a', 'a\n', ' a'],
  ];
  for (const [name, before, after, expected] of cases) {
    it(name, () => { assert.equal(script(diffLines(before, after)), expected); check(before, after); });
  }
  it('is the shortest, for random texts', () => {
    const seed = Number(process.env['PORTREEVE_SEED'] ?? Date.now() % 1_000_000);
    let state = seed;
    const random = (below: number): number => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return Math.floor((state / 2_147_483_648) * below); };
    const text = (): string => Array.from({ length: random(14) }, () => 'abcd'[random(4)]).join('\n');
    for (let run = 0; run < 2000; ++run) check(text(), text());
  });
  it('has a bound: texts with nothing in common are replaced', () => {
    const text = (tag: string): string => Array.from({ length: 5000 }, (_, index) => `${tag}${index}`).join('\n');
    const lines = diffLines(text('a'), text('b'));
    assert.equal(lines.length, 10_000);
    assert.equal(lines.filter((line) => line.kind === 'same').length, 0);
  });
  it('shows changes with what is around them', () => {
    const before = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    const after = before.map((line, index) => (index === 10 ? 'changed' : line));
    const shown = hunks(diffLines(before.join('\n'), after.join('\n')));
    assert.equal(shown.hunks.length, 1);
    assert.equal(shown.hunks[0]?.skipped, 7);
    assert.equal(shown.hunks[0]?.lines.length, 8);
    assert.equal(shown.after, 16);
  });
  it('shows nothing of equal texts', () => assert.deepEqual(hunks(diffLines('a\nb', 'a\nb')), { hunks: [], after: 2 }));
});
