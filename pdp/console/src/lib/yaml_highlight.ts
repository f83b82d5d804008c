// Colours for YAML, a line at a time: for reading, not a parser. Concatenated, the tokens of a line are the line.

export type TokenKind = 'plain' | 'key' | 'string' | 'number' | 'constant' | 'comment' | 'mark' | 'effect-allow' | 'effect-deny';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const key = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[A-Za-z_][\w./-]*)(\s*)(:)(?=\s|$)/;
const scalar = /^("(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)/;
const bare = /^[^\s,[\]{}#][^,[\]{}#]*?(?=\s*(?:[,[\]{}]|\s#|$))/;

function kindOfScalar(text: string): TokenKind {
  if (/^[-+]?(\d[\d_]*(\.\d+)?([eE][-+]?\d+)?|0x[0-9a-fA-F]+)$/.test(text)) return 'number';
  if (/^(true|false|null|~)$/.test(text)) return 'constant';
  return 'string';
}

// `inBlock`: the line belongs to a block scalar (`|`, `>`); use `highlight` for whole texts, which keeps track of that.
function tokensOfLine(line: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let lastKey = '';
  const push = (kind: TokenKind, text: string): void => {
    if (text === '') return;
    const last = tokens.at(-1);
    if (last !== undefined && last.kind === kind && kind === 'plain') tokens[tokens.length - 1] = { kind, text: last.text + text };
    else tokens.push({ kind, text });
    at += text.length;
  };
  if (/^(---|\.\.\.)(\s|$)/.test(line)) push('mark', line.slice(0, 3));
  while (at < line.length) {
    const rest = line.slice(at);
    const blanks = /^\s+/.exec(rest);
    if (blanks) { push('plain', blanks[0]); continue; }
    if (rest.startsWith('#') && (at === 0 || /\s/.test(line[at - 1] ?? ''))) { push('comment', rest); continue; }
    if (/^[-?](\s|$)/.test(rest)) { push('mark', rest[0] ?? ''); continue; }
    if (/^[,[\]{}]/.test(rest)) { push('mark', rest[0] ?? ''); continue; }
    const named = key.exec(rest);
    if (named) {
      lastKey = named[1] ?? '';
      push('key', lastKey);
      push('plain', named[2] ?? '');
      push('mark', ':');
      continue;
    }
    if (/^[&*!]\S/.test(rest) || /^[|>][-+\d]*\s*$/.test(rest)) { push('mark', /^\S+/.exec(rest)?.[0] ?? rest); continue; }
    const quoted = scalar.exec(rest);
    if (quoted) { push('string', quoted[0]); continue; }
    // A bare scalar outside of a flow collection may hold commas and brackets (a CEL condition does).
    const inFlow = tokens.some((token) => token.kind === 'mark' && /^[[{]$/.test(token.text));
    const found = inFlow ? bare.exec(rest)?.[0] : /^.*?(?=\s+#|\s*$)/.exec(rest)?.[0];
    const text = found === undefined || found === '' ? (rest[0] ?? '') : found;
    if (lastKey === 'effect' && text === 'allow') push('effect-allow', text);
    else if (lastKey === 'effect' && text === 'deny') push('effect-deny', text);
    else push(kindOfScalar(text), text);
  }
  return tokens;
}

export function highlight(text: string): Token[][] {
  let block = -1;  // the indentation of the key that opened a block scalar
  return text.split('\n').map((line) => {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    if (block >= 0) {
      if (line.trim() === '' || indent > block) return line === '' ? [] : [{ kind: 'string', text: line } as const];
      block = -1;
    }
    const tokens = tokensOfLine(line);
    const last = tokens.filter((token) => token.kind !== 'comment' && token.text.trim() !== '').at(-1);
    if (last?.kind === 'mark' && /^[|>]/.test(last.text)) block = indent;
    return tokens;
  });
}
