// What the sources may not contain, and what the built page must be like.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = import.meta.env['ROOT'] as string;
const sources = (readdirSync(join(root, 'src'), { recursive: true }) as string[]).filter((name) => /\.(ts|tsx|css)$/.test(name) && !name.endsWith('schema.ts'));

const banned: [string, RegExp][] = [
  ['text becomes markup', /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|createContextualFragment|DOMParser|srcdoc/],
  ['text becomes code', /\beval\s*\(|new Function\b|javascript:/],
  ['something from elsewhere', /https?:\/\/(?!api\.anthropic\.com)|@import url|url\(\s*['"]?(https?:)?\/\//],
  ['a style as an attribute in markup', /style="/],
  ['a check turned off', /@ts-ignore|@ts-nocheck|eslint-disable|\bas any\b|: any\s*[,;)=>\]|{]/],
];

describe('the sources', () => {
  assert.ok(sources.length > 30);
  for (const [what, pattern] of banned) {
    it(`never: ${what}`, () => {
      for (const name of sources) {
        readFileSync(join(root, 'src', name), 'utf8').split('\n').forEach((line, index) => {
          assert.doesNotMatch(line, pattern, `src/${name}:${index + 1}`);
        });
      }
    });
  }
});

describe('the page', () => {
  const page = readFileSync(join(root, 'index.html'), 'utf8');
  it('has no inline script, style or handler', () => {
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
    for (const [, attributes] of page.matchAll(/<script([^>]*)>/g)) assert.match(attributes ?? '', /\ssrc=/);
  });
});
