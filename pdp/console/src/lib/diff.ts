// Lines of two texts compared: the shortest script of Myers ("An O(ND) Difference Algorithm", 1986), with a bound on its cost.

export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
  // Line numbers, from 1, in the text before and after.
  readonly before?: number;
  readonly after?: number;
}

// Beyond so many differing lines the texts are shown as replaced whole: nobody reads such a difference, and it would cost seconds.
const mostEdits = 1000;

export function splitLines(text: string): string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

export function diffLines(before: string, after: string): DiffLine[] {
  const a = splitLines(before);
  const b = splitLines(after);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) ++head;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail;

  const out: DiffLine[] = [];
  const same = (i: number, j: number): void => { out.push({ kind: 'same', text: a[i] ?? '', before: i + 1, after: j + 1 }); };
  for (let i = 0; i < head; ++i) same(i, i);
  for (const [i, j] of script(a.slice(head, a.length - tail), b.slice(head, b.length - tail))) {
    if (i !== undefined && j !== undefined) same(head + i, head + j);
    else if (i !== undefined) out.push({ kind: 'removed', text: a[head + i] ?? '', before: head + i + 1 });
    else if (j !== undefined) out.push({ kind: 'added', text: b[head + j] ?? '', after: head + j + 1 });
  }
  for (let k = tail; k > 0; --k) same(a.length - k, b.length - k);
  return out;
}

type Step = readonly [number | undefined, number | undefined];

// Pairs of indices: both where a line stays, one where it goes or comes.
function script(a: readonly string[], b: readonly string[]): Step[] {
  const limit = Math.min(a.length + b.length, mostEdits);
  let furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= limit; ++edits) {
    trace.push(new Map(furthest));
    const next = new Map(furthest);
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (next.get(k - 1) ?? -1) < (next.get(k + 1) ?? -1));
      let x = down ? (next.get(k + 1) ?? 0) : (next.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) { ++x; ++y; }
      next.set(k, x);
      if (x >= a.length && y >= b.length) return backtrack(trace, a.length, b.length);
    }
    furthest = next;
  }
  return [...a.map((_, i): Step => [i, undefined]), ...b.map((_, j): Step => [undefined, j])];
}

function backtrack(trace: readonly Map<number, number>[], lengthA: number, lengthB: number): Step[] {
  const steps: Step[] = [];
  let x = lengthA;
  let y = lengthB;
  for (let edits = trace.length - 1; edits >= 0; --edits) {
    const furthest = trace[edits] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -edits || (k !== edits && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
    const previous = down ? k + 1 : k - 1;
    const startX = edits === 0 ? 0 : (furthest.get(previous) ?? 0);
    const firstX = edits === 0 || down ? startX : startX + 1;  // where the run of equal lines begins
    while (x > firstX) steps.push([--x, --y]);
    if (edits === 0) break;
    if (down) steps.push([undefined, --y]);
    else steps.push([--x, undefined]);
  }
  return steps.reverse();
}

export interface Hunk {
  readonly lines: readonly DiffLine[];
  // How many unchanged lines were left out before it.
  readonly skipped: number;
}

// The changes with `context` unchanged lines around them; `after` is how many are left out at the end.
export function hunks(lines: readonly DiffLine[], context = 3): { hunks: Hunk[]; after: number } {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, index) => {
    if (line.kind !== 'same') near.fill(1, Math.max(0, index - context), Math.min(lines.length, index + context + 1));
  });
  const found: Hunk[] = [];
  let skipped = 0;
  for (let index = 0; index < lines.length;) {
    if (!near[index]) { ++skipped; ++index; continue; }
    let end = index;
    while (end < lines.length && near[end]) ++end;
    found.push({ lines: lines.slice(index, end), skipped });
    skipped = 0;
    index = end;
  }
  return { hunks: found, after: skipped };
}
