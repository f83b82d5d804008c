import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { GetRevisionAnswer, ListRevisionsAnswer } from '../api/schema';
import { copyLink } from '../lib/copy';
import { shortRevision } from '../lib/format';
import { useLoad } from '../lib/load';
import { type Location, navigate, pathTo } from '../lib/router';
import { Card, Empty, ErrorState, Link, Loading } from '../ui/basic';
import { YamlView } from '../ui/code';
import { useSigned } from '../ui/context';
import { DifferenceView } from '../ui/difference';
import { Icon } from '../ui/icons';
import { Ago, Revision, Text, Time } from '../ui/text';

type Listed = ListRevisionsAnswer['revisions'][number];

function nameOf(revision: Listed): string {
  return `${shortRevision(revision.revision)}${revision.active ? ' (in force)' : ''}`;
}

function Revisions({ listed }: { listed: ListRevisionsAnswer }): JSX.Element {
  const { revisions } = listed;
  if (revisions.length === 0) return <Empty title="No revision was ever in force" icon="policies">Start portreeve-pdp with a folder of policies that <code>portreeve check</code> accepts.</Empty>;
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Revisions">
      <table class="stacking">
        <thead><tr><th scope="col">Revision</th><th scope="col">In force since</th><th scope="col" class="number">Activations</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {revisions.map((each, index) => {
            const before = revisions[index + 1];
            const path = pathTo(['policies', each.revision]);
            return (
              <tr class="row" key={each.revision} onClick={(event) => { if (!(event.target instanceof Element && event.target.closest('a'))) navigate(path); }}>
                <td data-label="Revision"><Link to={path}><Revision value={each.revision} /></Link>{each.active && <> <span class="badge allow"><Icon name="allow" size={12} />In force</span></>}</td>
                <td data-label="Since" class="time">{each.activations[0] !== undefined && <><Time value={each.activations[0]} /> · <Ago value={each.activations[0]} /></>}</td>
                <td data-label="Activations" class="number">{each.activations.length}</td>
                <td><div class="actions">
                  {before !== undefined && <Link class="button compact" to={pathTo(['policies', 'difference'], new URLSearchParams({ from: before.revision, to: each.revision }))}>What changed</Link>}
                  <Link class="button compact" to={pathTo(['decisions'], new URLSearchParams({ kind: 'decision', revision: each.revision }))}>Decisions</Link>
                </div></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function RevisionView({ revision, location }: { revision: GetRevisionAnswer; location: Location }): JSX.Element {
  const asked = location.query.get('file');
  const file = revision.files.find((each) => each.path === asked) ?? revision.files[0];
  const lines = /^L(\d{1,7})(?:-L?(\d{1,7}))?$/.exec(location.hash);
  const first = lines === null ? undefined : Number(lines[1]);
  const marked: readonly [number, number] | undefined = first === undefined ? undefined : [first, Number(lines?.[2] ?? first)];
  const path = (name: string, line?: number): string => pathTo(['policies', revision.revision], new URLSearchParams({ file: name }), line === undefined ? '' : `L${line}`);
  if (file === undefined) return <Empty title="This revision has no files" icon="policies" />;
  const documents = revision.documents.filter((each) => each.file === file.path);
  return (
    <div class="split-list">
      <nav class="card file-list" aria-label="Files">
        <h2>Files</h2>
        {revision.files.map((each) => <Link to={path(each.path)} aria-current={each === file ? 'page' : undefined}><Text value={each.path} /></Link>)}
        {documents.length > 0 && <h2>In this file</h2>}
        {documents.map((each) => <Link to={path(each.file, each.line)}><Text value={each.name} /> <span class="muted"><Text value={each.kind} /></span></Link>)}
      </nav>
      <section class="card">
        <div class="card-head"><h2><Text value={file.path} /></h2><span class="muted small" title={file.sha256}>SHA-256 <code>{file.sha256.slice(0, 12)}</code></span></div>
        <YamlView text={file.text} marked={marked} linkOf={(line) => path(file.path, line)} label={`Text of ${file.path}`} />
      </section>
    </div>
  );
}

function Compare({ listed, from, to }: { listed: ListRevisionsAnswer; from: string; to: string }): JSX.Element {
  const select = (id: string, label: string, value: string, onPick: (value: string) => void): JSX.Element => (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        {!listed.revisions.some((each) => each.revision === value) && <option value={value}>{value === '' ? 'choose…' : shortRevision(value)}</option>}
        {listed.revisions.map((each) => <option value={each.revision}>{nameOf(each)}</option>)}
      </select>
    </div>
  );
  const go = (nextFrom: string, nextTo: string): void => navigate(pathTo(['policies', 'difference'], new URLSearchParams({ from: nextFrom, to: nextTo })));
  return (
    <div class="card filter-bar">
      <div class="form-grid">
        {select('diff-from', 'From', from, (value) => go(value, to))}
        {select('diff-to', 'To', to, (value) => go(from, value))}
      </div>
    </div>
  );
}

function DifferencePage({ location, listed }: { location: Location; listed: ListRevisionsAnswer }): JSX.Element {
  const { api } = useSigned();
  const from = location.query.get('from') ?? '';
  const to = location.query.get('to') ?? '';
  const difference = useLoad(`${from} ${to}`, (signal) => (from === '' || to === '' ? Promise.resolve(undefined) : api.difference(from, to, signal)));
  return (
    <>
      <Compare listed={listed} from={from} to={to} />
      {difference.error !== undefined && <ErrorState error={difference.error} retry={difference.reload} />}
      {difference.error === undefined && difference.busy && difference.value === undefined && <Loading what="the difference" />}
      {difference.value !== undefined && <DifferenceView files={difference.value.files} />}
    </>
  );
}

function RevisionPage({ location, revision }: { location: Location; revision: string }): JSX.Element {
  const { api } = useSigned();
  const loaded = useLoad(revision, (signal) => api.revision(revision, signal));
  if (loaded.error !== undefined) return <ErrorState error={loaded.error} retry={loaded.reload} />;
  if (loaded.value === undefined) return <Loading what="the revision" />;
  return <RevisionView revision={loaded.value} location={location} />;
}

export function PoliciesPage({ location }: { location: Location }): JSX.Element {
  const { api } = useSigned();
  const [, below] = location.parts;
  const listed = useLoad('revisions', (signal) => api.revisions(signal));
  const [copied] = useState(() => () => void copyLink(`${window.location.pathname}${window.location.search}${window.location.hash}`));
  const active = listed.value?.revisions.find((each) => each.active);
  const previous = listed.value?.revisions.find((each) => !each.active);
  const title = below === undefined ? 'Policies' : below === 'difference' ? 'What changed' : <>Revision <Revision value={below} /></>;
  return (
    <div class="page">
      <div class="page-head">
        <div>
          {below !== undefined && <p class="crumbs"><Link to={pathTo(['policies'])}>Policies</Link> / {below === 'difference' ? 'difference' : <Revision value={below} />}</p>}
          <h1>{title}</h1>
        </div>
        <div class="actions">
          {below !== undefined && <button type="button" class="button" onClick={copied}><Icon name="link" />Copy link</button>}
          {below === undefined && active !== undefined && <Link class="button primary" to={pathTo(['policies', active.revision])}>Read what is in force</Link>}
          {below !== 'difference' && active !== undefined && previous !== undefined && (
            <Link class="button" to={pathTo(['policies', 'difference'], new URLSearchParams(below === undefined || below === active.revision ? { from: previous.revision, to: active.revision } : { from: below, to: active.revision }))}>Compare…</Link>
          )}
        </div>
      </div>
      {listed.error !== undefined && <ErrorState error={listed.error} retry={listed.reload} />}
      {listed.error === undefined && listed.value === undefined && <Loading what="the revisions" />}
      {listed.value !== undefined && below === undefined && <Card title="Revisions, the one in force last first" flush><Revisions listed={listed.value} /></Card>}
      {listed.value !== undefined && below === 'difference' && <DifferencePage location={location} listed={listed.value} />}
      {below !== undefined && below !== 'difference' && <RevisionPage location={location} revision={below} />}
    </div>
  );
}
