import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Decision, LoggedRecord, LogRecord } from '../api/schema';
import { copyLink } from '../lib/copy';
import { flatten, formatBytes, formatDuration, targetOf, timeOf, verbOf } from '../lib/format';
import { useKeys } from '../lib/keys';
import { useLoad } from '../lib/load';
import { type Location, navigate, pathTo } from '../lib/router';
import { encodeQuestion, questionOf } from '../lib/question';
import { Card, ErrorState, Facts, Link, Loading, Notice, RecordBadge, StateBadge, Verdict } from '../ui/basic';
import { JsonView } from '../ui/code';
import { useSigned } from '../ui/context';
import { Icon } from '../ui/icons';
import { pathOfRecord } from '../ui/record_table';
import { RevokeDialog } from '../ui/revoke_dialog';
import { Id, Revision, Text, Time } from '../ui/text';
import { Guard, Obligations, PolicyText, Properties, Roles, RulesConsidered, WhyNot } from '../ui/why';

// Members of outcome records that docs/decision-log-format.md names and the API hands on as they are.
interface Reported { address?: string; bytesIn?: number; bytesOut?: number; durationMillis?: number; exitStatus?: number; signal?: number; uses?: number; lost?: number; latencyMicros?: number; trace?: string }
const reported = (record: LogRecord): Reported => record as unknown as Reported;

const search = (field: string, value: string): string => pathTo(['decisions'], new URLSearchParams({ [field]: value }));

// Why, where no rule decided.
const reasonText = (reason: string | undefined): string => (reason === 'default-deny' || reason === undefined ? ', because no rule allows it' : reason.startsWith('guard:') ? ', because the guard does not let it' : '');

function Sentence({ decision }: { decision: Decision }): JSX.Element {
  const { record } = decision;
  const who = <strong><Text value={record.subject?.id ?? record.session ?? record.actor ?? record.gate ?? 'Someone'} /></strong>;
  if (record.kind === 'admin') return <p class="sentence">{who} did <strong><Text value={record.action ?? ''} /></strong>{record.target !== undefined && <> to <Text value={record.target} /></>}{record.result !== undefined && <> (<Text value={record.result} />)</>}.</p>;
  if (record.kind !== 'decision') return <p class="sentence">The gate <strong><Text value={record.gate ?? record.pep ?? ''} /></strong> reported <strong><Text value={record.event ?? record.kind} /></strong>{targetOf(record) !== '' && <> of <Text value={targetOf(record)} /></>}.</p>;
  const rule = record.rules?.[0];
  return (
    <p class="sentence">
      {who} {record.decision === true ? 'may' : 'may not'} <strong><Text value={verbOf(record.action ?? '')} /></strong> <strong><Text value={targetOf(record)} /></strong>
      {rule !== undefined ? <>, because the rule <strong><Text value={rule} /></strong> {record.decision === true ? 'allows it' : 'denies it'}</> : record.decision === true ? '' : reasonText(record.reason)}
      {record.ruleReason !== undefined && <> (“<Text value={record.ruleReason} />”)</>}.
    </p>
  );
}

function Outcome({ trail }: { trail: readonly LoggedRecord[] }): JSX.Element {
  if (trail.length === 0) return <p class="muted">No gate has reported what it did. A connection or program reports when it ends.</p>;
  return (
    <ol class="timeline">
      {trail.map(({ index, record }) => {
        const { address, bytesIn, bytesOut, durationMillis, exitStatus, signal, uses, lost } = reported(record);
        const told = [
          address !== undefined && `dialled ${address}`, bytesIn !== undefined && `${formatBytes(bytesIn)} in`, bytesOut !== undefined && `${formatBytes(bytesOut)} out`,
          durationMillis !== undefined && formatDuration(durationMillis), exitStatus !== undefined && `exit status ${exitStatus}`, signal !== undefined && `signal ${signal}`,
          uses !== undefined && `${uses} uses of the cached answer`, lost !== undefined && `${lost} records lost before it`,
        ].filter((each): each is string => typeof each === 'string');
        return (
          <li key={index}>
            <strong><Text value={record.event ?? record.kind} /></strong>{record.reason !== undefined && <> · <Text value={record.reason} /></>} <span class="muted small"><Time value={record.time} millis /> by <Text value={record.gate ?? ''} /></span>
            {told.length > 0 && <div class="muted"><Text value={told.join(' · ')} /></div>}
          </li>
        );
      })}
    </ol>
  );
}

function Neighbours({ decision }: { decision: Decision }): JSX.Element {
  const { neighbours, record, index } = decision;
  const all = [...(neighbours?.before ?? []), { index, record }, ...(neighbours?.after ?? [])];
  const session = record.session ?? '';
  return (
    <Card title="Around it, in the same session" flush aside={<Link class="small" to={search('session', session)}>Everything it did</Link>}>
      <ol class="timeline">
        {all.map((each) => {
          const answer = each.record.decision === true ? 'allow' : 'deny';
          const inner = <><span class="muted small"><Time value={timeOf(each.record)} /></span> {each.record.decision === true ? 'allowed' : 'denied'} · <Text value={verbOf(each.record.action ?? '')} /> <Text value={targetOf(each.record)} /></>;
          return <li class={`${answer}${each.index === index ? ' here' : ''}`} key={each.index} aria-current={each.index === index ? 'true' : undefined}>{each.index === index ? inner : <Link to={pathOfRecord(each)}>{inner}</Link>}</li>;
        })}
      </ol>
    </Card>
  );
}

function Shown({ decision, reload }: { decision: Decision; reload: () => void }): JSX.Element {
  const { may } = useSigned();
  const [cutting, setCutting] = useState(false);
  const { record, session, explanation } = decision;
  const isDecision = record.kind === 'decision';
  const properties = flatten(record.resource?.properties ?? {}).filter(([path]) => path !== '');
  const { latencyMicros, trace } = reported(record);
  const permalink = pathTo(['decisions', record.id ?? String(decision.index)]);
  return (
    <div class="page">
      <div class="page-head">
        <div>
          <p class="crumbs"><Link to={pathTo(['decisions'], new URLSearchParams('kind=decision'))}>Decisions</Link> / <Id value={record.id ?? String(decision.index)} /></p>
          <h1>{isDecision ? 'Decision' : 'Record'}</h1>
        </div>
        <div class="actions">
          <button type="button" class="button" onClick={() => void copyLink(permalink)}><Icon name="link" />Copy link</button>
          {isDecision && may('policy', 'evaluate') && <Link class="button" to={pathTo(['try'], new URLSearchParams({ question: encodeQuestion(questionOf(record)) }))}><Icon name="try" />Try it again</Link>}
          {session?.state === 'live' && may('session', 'revoke') && <button type="button" class="button danger" onClick={() => setCutting(true)}><Icon name="cut" />Cut session</button>}
        </div>
      </div>
      <section class={`card verdict ${isDecision ? (record.decision === true ? 'allow' : 'deny') : ''}`} aria-label="Answer">
        <div>{isDecision ? <Verdict allowed={record.decision === true} large /> : <RecordBadge record={record} />}</div>
        <Sentence decision={decision} />
        {record.reason !== undefined && <p class="muted"><code><Text value={record.reason} /></code>{decision.meaning !== undefined && <>: <Text value={decision.meaning} /></>}</p>}
        {record.dryRun !== undefined && <Notice kind="warn">With dry runs enforced it would be {record.dryRun.decision ? 'allowed' : 'denied'}{record.dryRun.rules.length > 0 && <> by <Text value={record.dryRun.rules.join(', ')} /></>}.</Notice>}
      </section>
      <div class="columns">
        <div class="column">
          {decision.policies !== undefined && record.revision !== undefined && <PolicyText policies={decision.policies} revision={record.revision} />}
          {explanation !== undefined && <WhyNot explanation={explanation} revision={record.revision} />}
          {explanation !== undefined && <RulesConsidered explanation={explanation} revision={record.revision} />}
          {isDecision && <Card title="What the gate then did"><Outcome trail={decision.trail} /></Card>}
          {decision.neighbours !== undefined && record.session !== undefined && <Neighbours decision={decision} />}
        </div>
        <div class="column">
          <Card title="Request">
            <Facts rows={[
              ['Time', <Time value={timeOf(record)} millis />],
              record.subject !== undefined && ['Subject', <Link to={search('subject', record.subject.id)}><Text value={record.subject.id} /></Link>],
              record.tenant !== undefined && ['Tenant', <Link to={search('tenant', record.tenant)}><Text value={record.tenant} /></Link>],
              record.session !== undefined && ['Session', <><Link to={pathTo(['sessions', record.session])}><Id value={record.session} /></Link>{session !== undefined && <> <StateBadge state={session.state} /></>}</>],
              record.action !== undefined && ['Action', <code><Text value={record.action} /></code>],
              record.resource !== undefined && ['Resource', <><Text value={record.resource.id} /> <span class="muted">(<Text value={record.resource.type} />)</span></>],
              ...properties.map(([path, value]) => [path, <Text value={value} />] as const),
              ['Gate', <Text value={record.pep ?? record.gate ?? ''} />],
              record.actor !== undefined && ['By', <Text value={record.actor} />],
            ]} />
          </Card>
          {explanation !== undefined && <Guard explanation={explanation} />}
          {isDecision && <Roles roles={decision.roles} explanation={explanation} revision={record.revision} />}
          {record.obligations !== undefined && <Obligations obligations={record.obligations} origins={explanation?.obligations} revision={record.revision} />}
          {explanation !== undefined && <Properties explanation={explanation} revision={record.revision} />}
          <Card title="Record">
            <Facts rows={[
              ['Number', <code>{decision.index}</code>],
              record.id !== undefined && ['Id', <code><Text value={record.id} /></code>],
              record.revision !== undefined && ['Policies', <Link to={pathTo(['policies', record.revision])}><Revision value={record.revision} /></Link>],
              ['Written by', <Text value={record.source.name} />],
              latencyMicros !== undefined && ['Judged in', `${latencyMicros} µs`],
              trace !== undefined && ['Trace', <code><Text value={trace} /></code>],
            ]} />
          </Card>
        </div>
      </div>
      <details class="card"><summary>The record as it is stored</summary><JsonView value={record} label="The record as JSON" /></details>
      {cutting && session !== undefined && <RevokeDialog target={{ kind: 'session', id: session.id, subject: session.subject }} onClose={() => setCutting(false)} onDone={() => { setCutting(false); reload(); }} />}
    </div>
  );
}

export function DecisionPage({ location }: { location: Location }): JSX.Element {
  const { api } = useSigned();
  const id = location.parts[1] ?? '';
  const decision = useLoad(id, (signal) => api.decision(id, signal));
  useKeys({ Escape: () => { if (window.history.length > 1) window.history.back(); else navigate(pathTo(['decisions'])); } });
  if (decision.error !== undefined) return <div class="page"><ErrorState page error={decision.error} retry={decision.reload} /></div>;
  if (decision.value === undefined) return <Loading what="the decision" />;
  return <Shown decision={decision.value} reload={decision.reload} />;
}
