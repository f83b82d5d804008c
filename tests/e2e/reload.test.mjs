// Policies change while questions are asked: each answer is right for the revision that it names, and a bad set never
// answers anything.
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, it } from 'node:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { access, mayRead } from './support/policies.mjs';
import { eventually, makeFolder, program, run } from './support/processes.mjs';
import { postJson } from './support/requests.mjs';

// The two sets that alternate: what they answer differs in decision, reason and rule.
const sets = [
  { text: access('open-reading', 'allow'), answer: [true, 'rule-allow', ['documents/open-reading']] },
  { text: access('no-reading', 'deny'), answer: [false, 'rule-deny', ['documents/no-reading']] },
];
// The same, and a role that there is not.
const broken = `${sets[0].text}---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: for-editors }
spec: { roles: [editor], rules: [{ id: write, effect: allow, resources: [{ type: document }] }] }
`;
const brokenLine = broken.split('\n').findIndex((line) => line.includes('[editor]')) + 1;

const seen = (answer) => [answer.json.decision, answer.json.context.reason, answer.json.context.rules];

describe('policies that change', () => {
  it('under load: each answer is right for the revision it names, and a broken one never goes live', async () => {
    const pdp = new Pdp(makeFolder('reload'), { flags: ['--dev'] });
    putPolicy(pdp.policies, 'policies.yaml', sets[0].text);
    await pdp.start();
    try {
      // What a set is called is what `portreeve check` calls it.
      const names = [];
      for (const { text } of sets) {
        const aside = makeFolder('reload-check');
        putPolicy(aside, 'policies.yaml', text);
        const checked = await run(program('portreeve'), ['check', aside, '--json']);
        assert.equal(checked.code, 0, checked.stderr);
        names.push(JSON.parse(checked.stdout).revision);
        rmSync(aside, { recursive: true });
      }
      const right = new Map(sets.map(({ answer }, i) => [names[i], answer]));

      let stopping = false;
      const counts = new Map(names.map((name) => [name, 0]));
      const hammer = async (path, question, read) => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        while (!stopping) {
          const answer = await postJson(pdp.url + path, question, { agent });
          assert.equal(answer.status, 200, answer.text);
          const answers = read(answer);
          const revision = answers[0].json.context.revision;
          for (const each of answers) {
            assert.equal(each.json.context.revision, revision, 'one batch, one revision');
            assert.deepEqual(seen(each), right.get(revision), `by revision ${revision}`);
            counts.set(revision, counts.get(revision) + 1);
          }
        }
        agent.destroy();
      };
      const load = Promise.all([
        ...Array.from({ length: 6 }, () => hammer('/access/v1/evaluation', mayRead(), (answer) => [answer])),
        ...Array.from({ length: 2 }, () => hammer('/access/v1/evaluations', { ...mayRead(), evaluations: Array(20).fill({}) },
          (answer) => answer.json.evaluations.map((json) => ({ json })))),
      ]);
      // An assertion that failed is told at once, and not when the next revision does not come.
      const failed = load.then(() => new Promise(() => {}));
      const change = (text, what, look) => {
        putPolicy(pdp.policies, 'policies.yaml', text);
        process.kill(pdp.pid, 'SIGHUP');
        return Promise.race([eventually(what, look), failed]);
      };
      const live = async () => (await pdp.ask(mayRead())).json.context.revision;

      try {
        for (let round = 0; round < 6; ++round) {
          const next = (round + 1) % 2;
          await change(sets[next].text, `revision ${next} to go live`, async () => (await live()) === names[next]);
          const before = counts.get(names[next]);
          await change(broken, 'readiness to tell the error', () => pdp.unready());
          const why = await pdp.unready();
          assert.match(why, new RegExp(`policies\\.yaml:${brokenLine}:\\d+`), 'file and line');
          assert.match(why, /editor/);
          await Promise.race([eventually('answers to go on', () => counts.get(names[next]) > before + 50), failed]);
          assert.equal(await live(), names[next], 'the last good revision answers on');
        }
        await change(sets[0].text, 'readiness to come back', async () => !(await pdp.unready()));
      } finally {
        stopping = true;
      }
      await load;
      assert.ok([...counts.values()].every((count) => count > 300), JSON.stringify([...counts]));

      const records = await pdp.records();
      const activated = records.filter((record) => record.action === 'policy.activate').map((record) => record.revision);
      assert.deepEqual(activated, [0, 1, 0, 1, 0, 1, 0].map((i) => names[i]));
      for (const record of records.filter((each) => each.kind === 'decision')) {
        assert.deepEqual([record.decision, record.reason, record.rules], right.get(record.revision));
      }
    } finally {
      await pdp.stop();
    }
  });

  it('without a signal are found by the PDP itself', async () => {
    const pdp = new Pdp(makeFolder('reload-watch'), { flags: ['--dev'] });
    putPolicy(pdp.policies, 'policies.yaml', sets[0].text);
    await pdp.start();
    try {
      assert.deepEqual(seen(await pdp.ask(mayRead())), sets[0].answer);
      putPolicy(pdp.policies, 'policies.yaml', sets[1].text);
      await eventually('the new revision to answer', async () => seen(await pdp.ask(mayRead()))[0] === false);
      // A file more is a change as well, and so is one less.
      putPolicy(pdp.policies, 'more.yaml', 'kind: Nonsense\n');
      assert.match(await eventually('the error to be told', () => pdp.unready()), /more\.yaml:1:1/);
      rmSync(join(pdp.policies, 'more.yaml'));
      await eventually('the PDP to be ready again', async () => !(await pdp.unready()));
    } finally {
      await pdp.stop();
    }
  });

  it('broken at the start: the last good revision answers, and readiness tells why; without one there is no start', async () => {
    const pdp = new Pdp(makeFolder('reload-start'), { flags: ['--dev'] });
    putPolicy(pdp.policies, 'policies.yaml', broken);
    await assert.rejects(pdp.start(), new RegExp(`policies\\.yaml:${brokenLine}:`));
    putPolicy(pdp.policies, 'policies.yaml', sets[0].text);
    await pdp.start();
    const { revision } = (await pdp.ask(mayRead())).json.context;
    await pdp.stop();
    putPolicy(pdp.policies, 'policies.yaml', broken);
    await pdp.start();
    try {
      const answer = await pdp.ask(mayRead());
      assert.deepEqual([answer.json.context.revision, ...seen(answer)], [revision, ...sets[0].answer]);
      assert.match(await pdp.unready(), new RegExp(`policies\\.yaml:${brokenLine}:\\d+`));
    } finally {
      await pdp.stop();
    }
  });
});
