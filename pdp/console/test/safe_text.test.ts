import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { segments, visible } from '../src/lib/safe_text';

describe('text from records', () => {
  const cases: [string, string, string][] = [
    ['plain text stays', 'keycloak/rita', 'keycloak/rita'],
    ['letters of any language stay', 'café 日本 العربية 👩', 'café 日本 العربية 👩'],
    ['HTML is text', '<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['an escape sequence shows its ESC', '\u001b[31mred', '⟨ESC⟩[31mred'],
    ['C1 controls', 'a\u009bb', 'a⟨U+009B⟩b'],
    ['a line feed cannot begin a new line', 'a\nb\r', 'a⟨LF⟩b⟨CR⟩'],
    ['NUL and DEL', '\u0000\u007f', '⟨NUL⟩⟨DEL⟩'],
    ['right-to-left override', 'exe.\u202egnp', 'exe.⟨RLO⟩gnp'],
    ['isolates and marks', '\u2066\u2067\u2068\u2069\u200e\u200f\u061c', '⟨LRI⟩⟨RLI⟩⟨FSI⟩⟨PDI⟩⟨LRM⟩⟨RLM⟩⟨ALM⟩'],
    ['zero width', 'pay\u200bpal\u2060\ufeff', 'pay⟨ZWSP⟩pal⟨WJ⟩⟨BOM⟩'],
    ['separators that break lines', '\u2028\u2029', '⟨LS⟩⟨PS⟩'],
    ['fillers that look like nothing', '\u3164\uffa0\u115f', '⟨U+3164⟩⟨U+FFA0⟩⟨U+115F⟩'],
    ['tags that hide text', 'a\u{e0041}', 'a⟨U+E0041⟩'],
    ['half of a pair', 'a\ud800b', 'a⟨U+D800⟩b'],
    ['the soft hyphen', 'micro\u00adsoft', 'micro⟨SHY⟩soft'],
  ];
  for (const [name, given, expected] of cases) it(name, () => assert.equal(visible(given), expected));

  it('keeps what its place shows by itself', () => {
    assert.deepEqual(segments('a\tb', '\t'), [{ text: 'a\tb' }]);
  });
  it('names the character of each mark', () => assert.deepEqual(segments('\u202e'), [{ text: 'RLO', mark: 'U+202E RLO' }]));
  it('loses nothing but what it marks', () => {
    for (let code = 0x20; code < 0x3000; ++code) {
      const text = `a${String.fromCodePoint(code)}b`;
      const shown = segments(text);
      assert.equal(shown.map((each) => (each.mark ? '?' : each.text)).join('').replace('?', String.fromCodePoint(code)), text);
    }
  });
});
