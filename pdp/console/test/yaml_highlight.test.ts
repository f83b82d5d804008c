import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { highlight } from '../src/lib/yaml_highlight';

const shown = (line: string): string => (highlight(line)[0] ?? []).filter((token) => token.text.trim() !== '').map((token) => `${token.kind}(${token.text})`).join(' ');

describe('YAML in colours', () => {
  const cases: [string, string, string][] = [
    ['a key and a word', 'kind: Role', 'key(kind) mark(:) string(Role)'],
    ['an allow', '      effect: allow', 'key(effect) mark(:) effect-allow(allow)'],
    ['a deny with a comment', 'effect: deny   # never', 'key(effect) mark(:) effect-deny(deny) comment(# never)'],
    ['a list of numbers', 'ports: [443, 80]', 'key(ports) mark(:) mark([) number(443) mark(,) number(80) mark(])'],
    ['a flow mapping', 'metadata: { name: research-web }', 'key(metadata) mark(:) mark({) key(name) mark(:) string(research-web) mark(})'],
    ['quoted patterns', 'hosts: ["*.x.y", \'a\']', 'key(hosts) mark(:) mark([) string("*.x.y") mark(,) string(\'a\') mark(])'],
    ['an item', '- id: packages', 'mark(-) key(id) mark(:) string(packages)'],
    ['a condition with brackets and commas', 'when: f(a, [1]) == "x"', 'key(when) mark(:) string(f(a, [1]) == "x")'],
    ['a hash inside a word is no comment', 'a: b#c', 'key(a) mark(:) string(b#c)'],
    ['true and null', 'a: [true, null, ~]', 'key(a) mark(:) mark([) constant(true) mark(,) constant(null) mark(,) constant(~) mark(])'],
    ['a document', '---', 'mark(---)'],
    ['a comment alone', '  # why', 'comment(# why)'],
    ['a time', 'starts: 2026-11-01T00:00:00Z', 'key(starts) mark(:) string(2026-11-01T00:00:00Z)'],
  ];
  for (const [name, line, expected] of cases) it(name, () => assert.equal(shown(line), expected));

  it('a block scalar is one string until the indentation ends', () => {
    const lines = highlight('when: |\n  a: b\n\n  # c\nnext: 1');
    assert.deepEqual(lines.map((line) => line.filter((token) => token.text.trim() !== '').map((token) => token.kind)), [['key', 'mark', 'mark'], ['string'], [], ['string'], ['key', 'mark', 'number']]);
  });

  const same = (text: string): void => assert.equal(highlight(text).map((line) => line.map((token) => token.text).join('')).join('\n'), text);
  it('changes no character of the sample policies', () => {
    const folder = join(import.meta.env['ROOT'] as string, '../../policies/sample');
    for (const name of readdirSync(folder).filter((each) => each.endsWith('.yaml'))) same(readFileSync(join(folder, name), 'utf8'));
  });
  it('changes no character of anything, and ends', () => {
    const seed = Number(process.env['PORTREEVE_SEED'] ?? Date.now() % 1_000_000);
    let state = seed;
    const random = (below: number): number => { state = (state * 1_103_515_245 + 12_345) % 2_147_483_648; return Math.floor((state / 2_147_483_648) * below); };
    const alphabet = ['a', 'key', ':', ' ', '  ', '#', '"', "'", '[', ']', '{', '}', ',', '-', '|', '>', '&', '*', '!', '\n', '\t', '\\', '1', '\u202e'];
    for (let run = 0; run < 3000; ++run) same(Array.from({ length: random(24) }, () => alphabet[random(alphabet.length)]).join(''));
  });
});
