// The whole day of tools/run, and then the log is asked: every step has its decision, what was allowed its outcome, and there is nothing else.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, describe, it } from 'node:test';
import { eventually, makeFolder, program, run, sourceFolder } from './support/processes.mjs';

const may = process.getuid() === 0 && (await run('unshare', ['--user', '--pid', '--fork', '--mount', '--net', 'true'])).code === 0;

describe("an agent's day in a real sandbox", { skip: may ? false : 'building a sandbox takes root and namespaces' }, () => {
  const data = join(makeFolder('day'), 'data');
  const environment = { ...process.env, PORTREEVE_BIN: dirname(program('portreeve')), NO_COLOR: '1' };
  let shown;
  let day;
  let records;
  const step = (name) => day.steps.find((each) => each.name === name);

  before(async () => {
    shown = await run(join(sourceFolder, 'tools/run'), ['--once', '--data', data], { env: environment, timeout: 180_000 });
    assert.equal(shown.code, 0, `${shown.stdout}\n${shown.stderr}`);
    day = JSON.parse(readFileSync(join(data, 'demo/day.json'), 'utf8'));
    const log = await run(program('portreeve'), ['decisions', '--data', data, '--json', '--limit', '10000']);
    assert.equal(log.code, 0, log.stderr);
    records = log.stdout.trim().split('\n').map((line) => JSON.parse(line));
  });

  const expected = {
    'an allowed program': ['allowed', ['process.exec allow rule-allow']],
    'a refused program': ['refused', ['process.exec deny default-deny']],
    'an allowed host': ['allowed', ['process.exec allow rule-allow', 'egress.resolve allow rule-allow', 'egress.connect allow rule-allow']],
    'a refused host': ['refused', ['process.exec allow rule-allow', 'egress.resolve deny rule-deny']],
    'the metadata address': ['refused', ['process.exec allow rule-allow', 'egress.resolve deny guard:metadata-address']],
    'around the proxy': ['refused', ['process.exec allow rule-allow']],
    'a model call': ['allowed', ['process.exec allow rule-allow', 'secret.use allow rule-allow']],
    'a refused model call': ['refused', ['process.exec allow rule-allow', 'secret.use deny rule-deny']],
    'the real key': ['refused', ['process.exec allow rule-allow']],
  };
  for (const [name, [outcome, decisions]] of Object.entries(expected)) {
    it(`${name}: ${outcome}`, () => {
      const done = step(name);
      assert.equal(done.outcome, outcome, done.output.join('\n'));
      assert.deepEqual(done.decisions.map((each) => `${each.action} ${each.decision ? 'allow' : 'deny'} ${each.reason}`), decisions);
    });
  }

  it('is in the log whole: each decision with what became of it, and no other record of its session', () => {
    const ofSession = records.filter((each) => each.session === day.session && each.kind === 'decision');
    assert.deepEqual(ofSession.map((each) => each.id).sort(), day.steps.flatMap((each) => each.decisions.map((one) => one.id)).sort());
    const outcomes = new Map();
    for (const each of records.filter((one) => one.kind === 'outcome')) outcomes.set(each.decisionId, [...(outcomes.get(each.decisionId) ?? []), each]);
    const known = new Set(ofSession.map((each) => each.id));
    // What was denied did not happen, and a name that may be looked up leads to a second question: neither has an outcome.
    for (const each of ofSession) {
      const happens = each.decision && each.action !== 'egress.resolve';
      assert.equal(outcomes.has(each.id), happens, `${each.action} ${each.resource.id} ${each.id}: ${JSON.stringify(outcomes.get(each.id))}`);
    }
    for (const [id, its] of outcomes) {
      assert.ok(known.has(id), `an outcome of ${id}, which nobody asked: ${JSON.stringify(its)}`);
    }
    assert.deepEqual(records.filter((each) => each.kind === 'refusal'), []);
  });

  it('dropped what went around the proxy', () => {
    const { dropped, output } = step('around the proxy');
    assert.ok((dropped.refused ?? 0) + (dropped.guarded ?? 0) > 0, JSON.stringify({ dropped, output }));
  });

  it('showed the real key nowhere: not to the agent, not in the log, not in what it printed', () => {
    const key = readFileSync(join(data, 'demo/model-key'), 'utf8').trim();
    assert.match(key, /^sk-ant-demo-[0-9a-f]{48}$/);
    assert.equal(day.leaked, false);
    for (const text of [shown.stdout, shown.stderr, JSON.stringify(records), readFileSync(join(data, 'demo/day.json'), 'utf8')]) assert.ok(!text.includes(key));
    for (const name of ['portreeve-pdp', 'portreeve-egress', 'portreeve-broker', 'portreeve-accounting', 'sandbox']) {
      assert.ok(!readFileSync(join(data, 'logs', `${name}.log`), 'utf8').includes(key), name);
    }
  });

  it('tells a person what was decided, what it cost, and where to go on', () => {
    for (const each of day.steps.flatMap((one) => one.decisions)) assert.ok(shown.stdout.includes(each.id), each.id);
    assert.match(shown.stdout, /claude-sonnet-4-5 +1 +\d+ +0 +10 +0\.\d+ +0 +0\n/);
    assert.match(shown.stdout, /a stand-in for Anthropic's API \(no model\)/);
    for (const hint of ['portreeve exec', 'portreeve revoke', 'decisions --data', 'docs/']) assert.ok(shown.stdout.includes(hint), hint);
  });

  it('left nothing behind', async () => {
    const links = await run('ip', ['-o', 'link']);
    assert.doesNotMatch(links.stdout, /pt-rita|veth-gate/);
    assert.equal(existsSync(join(data, 'demo/boot')), false);
    // Its cgroups go when the kernel has let go of the last process.
    await eventually('no cgroup of the sandbox', async () => {
      const groups = await run('sh', ['-c', 'ls -d /sys/fs/cgroup/portreeve-rita-* /sys/fs/cgroup/*/portreeve-rita-* 2>/dev/null']);
      return groups.stdout === '';
    });
  });

  it('starts again beside the data of the first day', async () => {
    const again = await run(join(sourceFolder, 'tools/run'), ['--once', '--data', data], { env: environment, timeout: 180_000 });
    assert.equal(again.code, 0, `${again.stdout}\n${again.stderr}`);
    assert.match(again.stdout, /everything runs, \d+ ms after the first program was started/);
  });
});
