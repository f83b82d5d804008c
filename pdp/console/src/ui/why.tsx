// Why an answer is what it is: the same parts for a decision of the log and for a question that is tried.
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Explanation, GuardFinding, IdleBinding, ObligationOrigin, PolicyExcerpt, RoleSource, RuleTrace, Suggestion } from '../api/schema';
import { flatten, formatBytes, formatDuration } from '../lib/format';
import { pathTo } from '../lib/router';
import { Card, Facts, Link, Notice } from './basic';
import { YamlView } from './code';
import { Icon } from './icons';
import { Prose, Revision, Text, Time } from './text';

const shownRules = 12;

// Matched rules first, then those that came closest, as the engine lists them.
function inOrder(rules: readonly RuleTrace[]): RuleTrace[] {
  return [...rules.filter((rule) => rule.matched), ...rules.filter((rule) => !rule.matched)];
}

interface Placed { file?: string; line?: number }
const lineOf = (revision: string, file: string, line: number): string => pathTo(['policies', revision], new URLSearchParams({ file }), `L${line}`);

// Where something stands in the policies, as a link where the revision can be read.
function Place({ at, line = at.line, revision, children }: { at: Placed; line?: number | undefined; revision: string | undefined; children?: ComponentChildren }): JSX.Element | null {
  const shown = children ?? <span class="small"><Text value={at.file ?? ''} />:{line}</span>;
  if (at.file === undefined || line === undefined) return children === undefined ? null : <>{children}</>;
  return revision === undefined ? <>{shown}</> : <Link to={lineOf(revision, at.file, line)}>{shown}</Link>;
}

function clauseText(rule: RuleTrace, revision: string | undefined): JSX.Element {
  if (rule.clause === undefined) return <>{rule.matched ? 'every clause holds' : 'not matched'}</>;
  const words = { holds: 'holds', fails: 'does not hold', unknown: 'cannot be told yet', error: 'could not be evaluated' } as const;
  return (
    <>
      <Place at={rule} line={rule.clauseLine ?? rule.line} revision={revision}><code><Text value={rule.clause} /></code></Place> {words[rule.state ?? 'fails']}
      {rule.asked !== undefined && <>: asked was <code><Text value={rule.asked} /></code></>}
      {rule.wanted !== undefined && <>{rule.asked !== undefined ? ', the rule says ' : ': '}<code><Text value={rule.wanted} /></code></>}
      {rule.detail !== undefined && <> (<Text value={rule.detail} />)</>}
    </>
  );
}

export function RulesConsidered({ explanation, revision }: { explanation: Explanation; revision?: string | undefined }): JSX.Element {
  const [all, setAll] = useState(false);
  const rules = inOrder(explanation.rules);
  const shown = all ? rules : rules.slice(0, shownRules);
  return (
    <Card title="Rules considered" flush aside={revision !== undefined && <span class="muted small">revision <Revision value={revision} /></span>}>
      {explanation.basis !== 'replayed' && (
        <div class="card-body">
          <Notice kind="warn">
            {explanation.basis === 'differs' ? 'Judged again, the question gets another answer, because the record leaves out arguments, context and properties. Read these rules with that in mind.' : 'The question could not be judged again.'}
            {explanation.note !== undefined && <> <Text value={explanation.note} /></>}
          </Notice>
        </div>
      )}
      {rules.length === 0 && explanation.basis !== 'unavailable' && <p class="card-body muted">No rule that is in force for the subject speaks of such a question, so it is denied.</p>}
      {rules.length > 0 && (
        <div class="table-frame" tabIndex={0} role="region" aria-label="Rules considered">
          <table class="stacking">
            <thead><tr><th scope="col">Rule</th><th scope="col">Effect</th><th scope="col">Matched</th><th scope="col">Because</th></tr></thead>
            <tbody>
              {shown.map((rule) => (
                <tr class="rule-row">
                  <th scope="row"><Place at={rule} revision={revision}><Text value={rule.rule} /></Place>{rule.ofInterpreter && <span class="muted small"> for the interpreter</span>}{!rule.enforced && <> <span class="badge warn">dry run</span></>}</th>
                  <td data-label="Effect"><span class={`badge ${rule.effect}`}>{rule.effect}</span></td>
                  <td data-label="Matched" class="nowrap">{rule.matched ? <><Icon name="allow" size={13} /> yes</> : 'no'}</td>
                  <td data-label="Because">{clauseText(rule, revision)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rules.length > shown.length && <div class="pager"><span>{rules.length - shown.length} more did not match</span><button type="button" class="button compact" onClick={() => setAll(true)}>Show all</button></div>}
    </Card>
  );
}

function idleText(binding: IdleBinding): JSX.Element {
  if (binding.why === 'other-tenant') return <>is for <Text value={(binding.tenants ?? []).join(', ')} /> alone</>;
  return <>{binding.why === 'ended' ? 'ended' : 'starts'} {binding.at !== undefined && <Time value={binding.at} />}</>;
}

export function Roles({ roles, explanation, revision }: { roles: readonly RoleSource[] | undefined; explanation: Explanation | undefined; revision: string | undefined }): JSX.Element {
  return (
    <Card title="Roles">
      {explanation?.constraints?.map((each) => (
        <Notice kind="warn">The separation of duty <Place at={each} revision={revision}><Text value={each.constraint} /></Place> took <Text value={each.roles.join(', ')} />: at most {each.atMost} of them may meet in one subject.</Notice>
      ))}
      {roles === undefined || roles.length === 0
        ? <p class="muted">None was in force. Rules for everyone still apply.</p>
        : (
          <Facts rows={roles.map((role) => [role.role, (
            <ul class="plain">
              {role.sources.map((source) => <li><Place at={source} revision={revision}><Text value={source.text} /></Place>{source.expires !== undefined && <span class="muted small">, until <Time value={source.expires} /></span>}</li>)}
              {role.sources.length === 0 && <li class="muted">how it was come by cannot be told any more</li>}
            </ul>
          )] as const)} />
        )}
      {explanation?.idleBindings?.map((binding) => <p class="muted">The binding <Place at={binding} revision={revision}><Text value={binding.binding} /></Place> names the subject and gave it nothing: it {idleText(binding)}.</p>)}
    </Card>
  );
}

const nouns: Readonly<Record<GuardFinding['what'], string>> = { name: 'Name', port: 'Port', address: 'Address', program: 'Program' };

export function Guard({ explanation }: { explanation: Explanation }): JSX.Element | null {
  if (explanation.guard === undefined) return null;
  return (
    <Card title="Guard">
      <Facts rows={explanation.guard.map((each) => [`${nouns[each.what]} ${each.value}`, (
        <>
          <code>{each.code}</code>{' '}
          {each.opened ? <span class="badge allow">opened by <Text value={(each.services ?? []).join(', ')} /></span> : <span class="badge deny">{each.tier === 'hard' ? 'nothing opens it' : 'an InternalService could open it'}</span>}
        </>
      )] as const)} />
    </Card>
  );
}

export function Properties({ explanation, revision }: { explanation: Explanation; revision: string | undefined }): JSX.Element | null {
  if (explanation.properties === undefined) return null;
  return (
    <Card title="What Entities say">
      {explanation.properties.map((each) => (
        <>
          <p class="muted">Of the {each.of}, <Place at={each} revision={revision} />{each.overruled !== undefined && <>; the question itself states <Text value={each.overruled.join(', ')} /></>}</p>
          <Facts rows={flatten(each.applied).filter(([path]) => path !== '').map(([path, value]) => [path, <Text value={value} />] as const)} />
        </>
      ))}
    </Card>
  );
}

function Way({ way, revision }: { way: Suggestion; revision: string | undefined }): JSX.Element {
  return (
    <li>
      <Prose value={way.text} /> <Place at={way} revision={revision} />
      {way.yaml !== undefined && <details><summary class="small">What to write</summary><YamlView text={way.yaml} label={`What to write: ${way.text}`} excerpt /></details>}
    </li>
  );
}

export function WhyNot({ explanation, revision }: { explanation: Explanation; revision: string | undefined }): JSX.Element | null {
  const ways = explanation.whyNot ?? [];
  const needed = ways.filter((way) => way.needed);
  const others = ways.filter((way) => !way.needed);
  const also = (explanation.reasons ?? []).slice(1);
  if (ways.length === 0) return null;
  return (
    <Card title="What would allow it">
      <div class="why">
        {also.length > 0 && <p class="muted">Had the first reason not been, {also.map((code, index) => <>{index > 0 && ', then '}<code>{code}</code></>)} would have decided.</p>}
        {needed.length > 0 && <><h3>{needed.some((way) => way.remedy === 'none') ? 'No policy opens this' : 'Stands in the way'}</h3><ul class="ways">{needed.map((way) => <Way way={way} revision={revision} />)}</ul></>}
        {others.length > 0 && <><h3>{needed.length > 0 ? 'And then, the nearest first' : 'Any of these, the nearest first'}</h3><ol class="ways">{others.map((way) => <Way way={way} revision={revision} />)}</ol></>}
      </div>
    </Card>
  );
}

const isSize = (name: string): boolean => /(bytesIn|bytesOut|memory)$/.test(name);
const isSpan = (name: string): boolean => /(idle|total|wall|cpu|leaseTtl)$/.test(name);

function Origin({ origin, revision }: { origin: ObligationOrigin | undefined; revision: string | undefined }): JSX.Element | null {
  if (origin === undefined) return null;
  return (
    <span class="muted small">
      {origin.sources.map((source, index) => <>{index > 0 ? '; ' : ' '}<Place at={source} revision={revision}><Text value={source.rule} /></Place>{source.states !== undefined ? <> says <Text value={source.states} /></> : ' states none'}{!source.decides && ', which is more'}</>)}
    </span>
  );
}

export function Obligations({ obligations, origins, revision }: { obligations: unknown; origins?: readonly ObligationOrigin[] | undefined; revision?: string | undefined }): JSX.Element {
  const rows = flatten(obligations).filter(([path]) => path !== '');
  return (
    <Card title="Obligations">
      <Facts rows={rows.map(([path, value]) => {
        const number = Number(value);
        const readable = Number.isFinite(number) && isSize(path) ? formatBytes(number) : Number.isFinite(number) && isSpan(path) ? formatDuration(number * 1000) : value;
        return [path, <><span title={value}><Text value={readable} /></span> <Origin origin={origins?.find((each) => each.name === path)} revision={revision} /></>] as const;
      })} />
    </Card>
  );
}

export function PolicyText({ policies, revision }: { policies: readonly PolicyExcerpt[]; revision: string }): JSX.Element {
  return (
    <>
      {policies.map((policy) => {
        const path = (line: number): string => pathTo(['policies', revision], new URLSearchParams({ file: policy.file }), `L${line}`);
        return (
          <section class="card" key={policy.rule}>
            <div class="card-head">
              <h2>The policy that decided: <Text value={policy.rule} /></h2>
              <Link class="small" to={path(policy.line)}><Text value={policy.file} />:{policy.line}</Link>
            </div>
            <YamlView text={policy.text} firstLine={policy.firstLine} marked={[policy.line, policy.lastLine ?? policy.line]} label={`Text of ${policy.rule}`} excerpt />
          </section>
        );
      })}
    </>
  );
}
