import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failure } from '../api/client';
import type { EvaluateAnswer, EvaluateRequest } from '../api/schema';
import { copyLink } from '../lib/copy';
import { shortRevision } from '../lib/format';
import { useLoad } from '../lib/load';
import { asText, decodeQuestion, encodeQuestion, presets } from '../lib/question';
import { type Location, navigate, pathTo } from '../lib/router';
import { Card, Empty, Notice, Verdict } from '../ui/basic';
import { useSigned } from '../ui/context';
import { Icon } from '../ui/icons';
import { Text } from '../ui/text';
import { Guard, Obligations, PolicyText, Properties, Roles, RulesConsidered, WhyNot } from '../ui/why';

// The form's fields as they are typed; JSON parts stay text until the question is asked.
interface Form {
  subjectType: string; subjectId: string; claims: string; tenant: string; action: string; resourceType: string; resourceId: string; properties: string; context: string; revision: string; time: string;
}


function formOf(question: EvaluateRequest): Form {
  const { subject, action, resource } = question;
  return {
    subjectType: subject.type, subjectId: subject.id, claims: asText(subject.claims ?? subject.properties), tenant: subject.tenant ?? '', action: action.name,
    resourceType: resource.type, resourceId: resource.id, properties: asText(resource.properties), context: asText(question.context), revision: question.revision ?? '', time: question.time ?? '',
  };
}

function readObject(text: string): Record<string, unknown> | undefined | 'wrong' {
  if (text.trim() === '') return undefined;
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? read as Record<string, unknown> : 'wrong';
  } catch {
    return 'wrong';
  }
}

// The question, or the name of the field that is no JSON object.
function questionFrom(form: Form): EvaluateRequest | keyof Form {
  const claims = readObject(form.claims);
  const properties = readObject(form.properties);
  const context = readObject(form.context);
  if (claims === 'wrong') return 'claims';
  if (properties === 'wrong') return 'properties';
  if (context === 'wrong') return 'context';
  return {
    subject: {
      type: form.subjectType, id: form.subjectId,
      ...(form.subjectType !== 'session' && claims !== undefined && (form.subjectType === 'user' ? { claims } : { properties: claims })),
      ...(form.subjectType === 'user' && form.tenant !== '' && { tenant: form.tenant }),
    },
    action: { name: form.action },
    resource: { type: form.resourceType, id: form.resourceId, ...(properties !== undefined && { properties }) },
    ...(context !== undefined && { context }), ...(form.revision !== '' && { revision: form.revision }), ...(form.time !== '' && { time: form.time }),
  };
}

function Answer({ answer, question }: { answer: EvaluateAnswer; question: EvaluateRequest }): JSX.Element {
  const rule = answer.rules[0];
  return (
    <>
      <section class={`card verdict ${answer.decision ? 'allow' : 'deny'}`} aria-label="Answer" aria-live="polite">
        <div><Verdict allowed={answer.decision} large /></div>
        <p class="sentence">
          <strong><Text value={question.subject.id} /></strong> {answer.decision ? 'may' : 'may not'} <code><Text value={question.action.name} /></code> <strong><Text value={question.resource.id} /></strong>
          {rule !== undefined ? <>, because the rule <strong><Text value={rule} /></strong> {answer.decision ? 'allows it' : 'denies it'}</> : answer.decision ? '' : answer.reason === 'default-deny' ? ', because no rule allows it' : answer.reason.startsWith('guard:') ? ', because the guard does not let it' : ''}
          {answer.ruleReason !== undefined && <> (“<Text value={answer.ruleReason} />”)</>}.
        </p>
        <p class="muted"><code><Text value={answer.reason} /></code>{answer.meaning !== undefined && <>: <Text value={answer.meaning} /></>}</p>
        {answer.dryRun !== undefined && <Notice kind="warn">With dry runs enforced it would be {answer.dryRun.decision ? 'allowed' : 'denied'}{answer.dryRun.rules.length > 0 && <> by <Text value={answer.dryRun.rules.join(', ')} /></>}.</Notice>}
      </section>
      {answer.policies !== undefined && <PolicyText policies={answer.policies} revision={answer.revision} />}
      <WhyNot explanation={answer.explanation} revision={answer.revision} />
      <RulesConsidered explanation={answer.explanation} revision={answer.revision} />
      <Guard explanation={answer.explanation} />
      <Roles roles={answer.roles} explanation={answer.explanation} revision={answer.revision} />
      {answer.obligations !== undefined && <Obligations obligations={answer.obligations} origins={answer.explanation.obligations} revision={answer.revision} />}
      <Properties explanation={answer.explanation} revision={answer.revision} />
    </>
  );
}

export function TryPage({ location }: { location: Location }): JSX.Element {
  const { api, may } = useSigned();
  const asked = location.query.get('question') ?? '';
  const [form, setForm] = useState<Form>(() => formOf(decodeQuestion(asked) ?? presets[0]?.question ?? { subject: { type: '', id: '' }, action: { name: '' }, resource: { type: '', id: '' } }));
  const [result, setResult] = useState<{ answer: EvaluateAnswer; question: EvaluateRequest }>();
  const [failure, setFailure] = useState<Failure>();
  const [wrong, setWrong] = useState<keyof Form>();
  const [busy, setBusy] = useState(false);
  const revisions = useLoad('revisions', (signal) => (may('policy', 'read') ? api.revisions(signal) : Promise.resolve(undefined)));

  const ask = async (question: EvaluateRequest): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      setResult({ answer: await api.evaluate(question), question });
    } catch (error) {
      setResult(undefined);
      setFailure(error instanceof Failure ? error : new Failure('unexpected', 0, 'the console made a mistake'));
    } finally {
      setBusy(false);
    }
  };
  // A link with a question shows its answer.
  useEffect(() => {
    const question = decodeQuestion(asked);
    if (question === undefined) return;
    setForm(formOf(question));
    void ask(question);
  }, [asked]);
  const submit = (): void => {
    const question = questionFrom(form);
    if (typeof question === 'string') { setWrong(question); return; }
    setWrong(undefined);
    const encoded = encodeQuestion(question);
    if (encoded === asked) void ask(question);
    else navigate(pathTo(['try'], new URLSearchParams({ question: encoded })));
  };
  const set = (name: keyof Form) => (event: { currentTarget: { value: string } }): void => setForm({ ...form, [name]: event.currentTarget.value });
  const input = (name: keyof Form, label: string, more: { placeholder?: string; required?: boolean; list?: string } = {}): JSX.Element => (
    <div class="field"><label for={`try-${name}`}>{label}</label><input id={`try-${name}`} value={form[name]} autocomplete="off" spellcheck={false} onInput={set(name)} {...more} /></div>
  );
  const json = (name: keyof Form, label: string, hint: string, rows = 4): JSX.Element => (
    <div class="field">
      <label for={`try-${name}`}>{label}</label>
      <textarea id={`try-${name}`} class="mono" rows={rows} value={form[name]} spellcheck={false} aria-invalid={wrong === name} aria-describedby={`try-${name}-hint`} onInput={set(name)} />
      <span class="hint" id={`try-${name}-hint`}>{wrong === name ? <strong>This is no JSON object.</strong> : hint}</span>
    </div>
  );

  return (
    <div class="page">
      <div class="page-head">
        <div><h1>Try it</h1><p class="muted">Ask a question and see the answer and why. Nothing is opened, spent or started.</p></div>
        <div class="actions">{result !== undefined && <button type="button" class="button" onClick={() => void copyLink(pathTo(['try'], new URLSearchParams({ question: encodeQuestion(result.question) })))}><Icon name="link" />Copy link</button>}</div>
      </div>
      <div class="columns even">
        <div class="column">
          <Card title="Question" aside={(
            <select aria-label="Begin with an example" value="" onChange={(event) => { const preset = presets[Number(event.currentTarget.value)]; if (preset !== undefined) setForm(formOf(preset.question)); event.currentTarget.value = ''; }} class="fit">
              <option value="">Begin with…</option>
              {presets.map((preset, index) => <option value={index}>{preset.label}</option>)}
            </select>
          )}>
            <form class="stack" onSubmit={(event) => { event.preventDefault(); submit(); }}>
              <div class="form-grid">
                <div class="field">
                  <label for="try-subjectType">Who</label>
                  <select id="try-subjectType" value={form.subjectType} onChange={set('subjectType')}>
                    <option value="user">A user</option><option value="session">A session</option>
                    {!['user', 'session'].includes(form.subjectType) && <option value={form.subjectType}>{form.subjectType}</option>}
                  </select>
                </div>
                {input('subjectId', form.subjectType === 'session' ? 'Session' : 'Subject', { required: true, placeholder: form.subjectType === 'session' ? 'ses_…' : 'keycloak/rita' })}
                {form.subjectType === 'user' && input('tenant', 'Tenant', { placeholder: 'the only one of the claims' })}
              </div>
              {form.subjectType !== 'session' && json('claims', form.subjectType === 'user' ? 'Claims' : 'Properties', 'What the identity provider would say of the user.')}
              <div class="form-grid">
                {input('action', 'Action', { required: true, list: 'actions' })}
                {input('resourceType', 'Resource type', { required: true, list: 'resource-types' })}
                {input('resourceId', 'Resource', { required: true })}
              </div>
              <datalist id="actions"><option value="egress.connect" /><option value="egress.resolve" /><option value="secret.use" /><option value="process.exec" /><option value="read" /><option value="search" /></datalist>
              <datalist id="resource-types"><option value="endpoint" /><option value="secret" /><option value="program" /><option value="decision-log" /><option value="session" /><option value="policy" /></datalist>
              {json('properties', 'Properties of the resource', 'What the gate would tell: host, port, protocol, addresses…', 6)}
              <details>
                <summary class="small">Context, revision, time</summary>
                <div class="stack">
                  {json('context', 'Context', 'Optional.', 2)}
                  <div class="form-grid">
                    <div class="field">
                      <label for="try-revision">Policies</label>
                      <select id="try-revision" value={form.revision} onChange={set('revision')}>
                        <option value="">Those in force</option>
                        {form.revision !== '' && !revisions.value?.revisions.some((each) => each.revision === form.revision) && <option value={form.revision}>{shortRevision(form.revision)}</option>}
                        {revisions.value?.revisions.map((each) => <option value={each.revision}>{shortRevision(each.revision)}{each.active ? ' (in force)' : ''}</option>)}
                      </select>
                    </div>
                    {input('time', 'As if asked at', { placeholder: '2026-11-25T09:00:00Z' })}
                  </div>
                </div>
              </details>
              <div class="actions"><button type="submit" class="button primary" disabled={busy}>{busy ? 'Asking…' : 'Ask'}</button></div>
            </form>
          </Card>
        </div>
        <div class="column">
          {failure !== undefined && <Notice kind="deny">The question was not judged: <Text value={failure.message} />{failure.field !== undefined && <> (<code><Text value={failure.field} /></code>)</>}</Notice>}
          {result !== undefined && <Answer answer={result.answer} question={result.question} />}
          {result === undefined && failure === undefined && <section class="card"><Empty title="The answer will stand here" icon="try">With the rules considered, the clause that failed, and the policy text that decided.</Empty></section>}
        </div>
      </div>
    </div>
  );
}
