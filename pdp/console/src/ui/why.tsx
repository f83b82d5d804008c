// Why an answer is what it is: the same parts for a decision of the log and for a question that is tried.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Explanation, PolicyExcerpt, RoleSource, RuleTrace } from '../api/schema';
import { flatten, formatBytes, formatDuration } from '../lib/format';
import { pathTo } from '../lib/router';
import { Card, Facts, Link, Notice } from './basic';
import { YamlView } from './code';
import { Icon } from './icons';
import { Revision, Text } from './text';

const shownRules = 12;

// Matched rules first, then those that came closest, as the engine lists them.
function inOrder(rules: readonly RuleTrace[]): RuleTrace[] {
  return [...rules.filter((rule) => rule.matched), ...rules.filter((rule) => !rule.matched)];
}

function clauseText(rule: RuleTrace): JSX.Element {
  if (rule.matched) return <>every clause holds</>;
  const words = { holds: 'holds', fails: 'does not hold', unknown: 'cannot be told', error: 'could not be evaluated' } as const;
  return <>{rule.clause !== undefined ? <><code><Text value={rule.clause} /></code> {words[rule.state ?? 'fails']}</> : 'not matched'}{rule.detail !== undefined && <>: <Text value={rule.detail} /></>}</>;
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
      {rules.length === 0 && explanation.basis !== 'unavailable' && <p class="card-body muted">No rule speaks of such a question, so it is denied.</p>}
      {rules.length > 0 && (
        <div class="table-frame" tabIndex={0} role="region" aria-label="Rules considered">
          <table class="stacking">
            <thead><tr><th scope="col">Rule</th><th scope="col">Effect</th><th scope="col">Matched</th><th scope="col">Because</th></tr></thead>
            <tbody>
              {shown.map((rule) => (
                <tr class="rule-row">
                  <th scope="row"><Text value={rule.rule} />{!rule.enforced && <> <span class="badge warn">dry run</span></>}</th>
                  <td data-label="Effect"><span class={`badge ${rule.effect}`}>{rule.effect}</span></td>
                  <td data-label="Matched" class="nowrap">{rule.matched ? <><Icon name="allow" size={13} /> yes</> : 'no'}</td>
                  <td data-label="Because">{clauseText(rule)}</td>
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

export function Roles({ roles, violated }: { roles: readonly RoleSource[] | undefined; violated?: readonly string[] | undefined }): JSX.Element {
  return (
    <Card title="Roles">
      {violated !== undefined && violated.length > 0 && <Notice kind="warn">A separation of duty took roles away: <Text value={violated.join(', ')} /></Notice>}
      {roles === undefined || roles.length === 0
        ? <p class="muted">None was in force. Rules for everyone still apply.</p>
        : <Facts rows={roles.map((role) => [role.role, role.bindings.length > 0 ? <>by <Text value={role.bindings.join(', ')} /></> : 'by a claim of the identity provider'] as const)} />}
    </Card>
  );
}

const isSize = (name: string): boolean => /(bytesIn|bytesOut|memory)$/.test(name);
const isSpan = (name: string): boolean => /(idle|total|wall|cpu|leaseTtl)$/.test(name);

export function Obligations({ obligations }: { obligations: unknown }): JSX.Element {
  const rows = flatten(obligations).filter(([path]) => path !== '');
  return (
    <Card title="Obligations">
      <Facts rows={rows.map(([path, value]) => {
        const number = Number(value);
        const readable = Number.isFinite(number) && isSize(path) ? formatBytes(number) : Number.isFinite(number) && isSpan(path) ? formatDuration(number * 1000) : value;
        return [path, <span title={value}><Text value={readable} /></span>] as const;
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
