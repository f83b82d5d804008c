// Text from records, made harmless to look at: what a terminal, a browser or an eye could be misled by becomes a visible mark.

export interface Segment {
  readonly text: string;
  // Present where `text` is a mark that stands for a character: which one.
  readonly mark?: string;
}

const names: ReadonlyMap<number, string> = new Map([
  [0x00, 'NUL'], [0x07, 'BEL'], [0x08, 'BS'], [0x09, 'TAB'], [0x0a, 'LF'], [0x0d, 'CR'], [0x1b, 'ESC'], [0x7f, 'DEL'],
  [0xad, 'SHY'], [0x61c, 'ALM'], [0x200b, 'ZWSP'], [0x200c, 'ZWNJ'], [0x200d, 'ZWJ'], [0x200e, 'LRM'], [0x200f, 'RLM'],
  [0x2028, 'LS'], [0x2029, 'PS'], [0x202a, 'LRE'], [0x202b, 'RLE'], [0x202c, 'PDF'], [0x202d, 'LRO'], [0x202e, 'RLO'],
  [0x2060, 'WJ'], [0x2066, 'LRI'], [0x2067, 'RLI'], [0x2068, 'FSI'], [0x2069, 'PDI'], [0xfeff, 'BOM'],
]);

// Controls (C0, DEL, C1), what steers the direction of text, what is invisible, what breaks lines, and halves of surrogate pairs.
const misleading =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|[\ud800-\udfff]/gu;

const hex = (code: number): string => code.toString(16).toUpperCase().padStart(4, '0');

function mark(character: string): Segment {
  const code = character.codePointAt(0) ?? 0;
  const name = names.get(code);
  return { text: name ?? `U+${hex(code)}`, mark: name === undefined ? `U+${hex(code)}` : `U+${hex(code)} ${name}` };
}

// `keep`: characters that the place shows as they are, like line feeds in a block of code.
export function segments(text: string, keep = ''): Segment[] {
  const found: Segment[] = [];
  let plain = 0;
  for (const match of text.matchAll(misleading)) {
    if (keep.includes(match[0])) continue;
    if (match.index > plain) found.push({ text: text.slice(plain, match.index) });
    found.push(mark(match[0]));
    plain = match.index + match[0].length;
  }
  if (plain < text.length) found.push({ text: text.slice(plain) });
  return found;
}

// The same as one string, for titles and attributes, where there are no elements.
export function visible(text: string): string {
  return segments(text).map((each) => (each.mark === undefined ? each.text : `⟨${each.text}⟩`)).join('');
}
