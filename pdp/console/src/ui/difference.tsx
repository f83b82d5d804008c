import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CompareRevisionsAnswer } from '../api/schema';
import { type DiffLine, diffLines, hunks } from '../lib/diff';
import { highlight, type Token } from '../lib/yaml_highlight';
import { Empty } from './basic';
import { CodeText, Text } from './text';

type ChangedFile = CompareRevisionsAnswer['files'][number];
const changes = { added: 'added', removed: 'removed', changed: 'changed' } as const;
const signs = { same: '', added: '+', removed: '−' } as const;
const said = { same: '', added: 'added: ', removed: 'removed: ' } as const;

function Line({ line, before, after }: { line: DiffLine; before: Token[][]; after: Token[][] }): JSX.Element {
  const tokens = line.after !== undefined ? after[line.after - 1] : before[(line.before ?? 1) - 1];
  return (
    <li class={line.kind === 'same' ? '' : line.kind}>
      <span class="no old">{line.before ?? ''}</span><span class="no old">{line.after ?? ''}</span>
      <span class="sign" aria-hidden="true">{signs[line.kind]}</span>
      <span>{line.kind !== 'same' && <span class="visually-hidden">{said[line.kind]}</span>}{tokens?.map((token) => <span class={token.kind}><CodeText value={token.text} /></span>)}</span>
    </li>
  );
}

function FileDifference({ file }: { file: ChangedFile }): JSX.Element {
  const [whole, setWhole] = useState(false);
  const lines = diffLines(file.before ?? '', file.after ?? '');
  const before = highlight(file.before ?? '');
  const after = highlight(file.after ?? '');
  const added = lines.filter((line) => line.kind === 'added').length;
  const removed = lines.filter((line) => line.kind === 'removed').length;
  const near = whole ? { hunks: [{ lines, skipped: 0 }], after: 0 } : hunks(lines);
  const hidden = near.after + near.hunks.reduce((sum, hunk) => sum + hunk.skipped, 0);
  return (
    <section class="card">
      <div class="card-head">
        <h2><Text value={file.path} /> <span class={`badge ${file.change === 'removed' ? 'deny' : file.change === 'added' ? 'allow' : 'accent'}`}>{changes[file.change]}</span></h2>
        <span class="diff-stat"><span class="plus">+{added}</span> <span class="minus">−{removed}</span></span>
      </div>
      <div class="code" tabIndex={0} role="region" aria-label={`Difference of ${file.path}`}>
        <ol>
          {near.hunks.map((hunk) => [
            hunk.skipped > 0 && <li class="skipped">{hunk.skipped} unchanged {hunk.skipped === 1 ? 'line' : 'lines'}</li>,
            hunk.lines.map((line) => <Line line={line} before={before} after={after} />),
          ])}
          {near.after > 0 && <li class="skipped">{near.after} unchanged {near.after === 1 ? 'line' : 'lines'}</li>}
        </ol>
      </div>
      {hidden > 0 && <div class="pager"><span /><button type="button" class="button compact" onClick={() => setWhole(true)}>Show the whole file</button></div>}
    </section>
  );
}

export function DifferenceView({ files }: { files: readonly ChangedFile[] }): JSX.Element {
  if (files.length === 0) return <section class="card"><Empty title="No file differs" icon="policies">Both revisions have the same files, byte for byte.</Empty></section>;
  return <>{files.map((file) => <FileDifference key={file.path} file={file} />)}</>;
}
