// The vectors' decisions over HTTP: a real PDP answers each case as the reference does, to session tokens, to tokens of an
// identity provider, and to subjects that a gate names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import { forge, makeKeys } from './support/issuer.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { makeFolder, sourceFolder } from './support/processes.mjs';

// Fewer than these is a harness that has lost some. Raised with the vectors.
const leastCases = 425;
const leastQuestions = 550;
// What no request can say, by the name that vector_questions gives it.
const unsayableRules = ['time', 'session age', 'session trust', 'session of a named subject', 'session roles', 'session that none begins'];
const reserved = ['egress.resolve', 'egress.connect', 'secret.use', 'process.exec'];

const vectors = join(sourceFolder, 'tests/vectors');
const lister = process.env.PORTREEVE_VECTOR_QUESTIONS;
const [, , key] = makeKeys('idp');
const { d, ...open } = key;

const folders = readdirSync(vectors, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.name.endsWith('.yaml'))
  .map((entry) => relative(vectors, entry.path ?? entry.parentPath));

function idToken({ issuer, claims }) {
  const now = Math.floor(Date.now() / 1000);
  return forge({ alg: 'EdDSA', kid: key.kid, typ: 'JWT' }, { ...claims, iss: issuer, aud: 'portreeve', iat: now, exp: now + 600 },
    createPrivateKey({ key, format: 'jwk' }));
}

// Who asks, as the wire says it: by a session's token, by the provider's own, or on the gate's word alone.
class Subjects {
  constructor(pdp) { Object.assign(this, { pdp, sessions: new Map() }); }

  async statement(one, stated) {
    if (one.claims === null) return stated;
    const token = idToken(one);
    if (!one.session) return { ...stated, properties: { token } };
    const name = JSON.stringify([one.issuer, one.claims, one.labels, one.scope]);
    if (!this.sessions.has(name)) this.sessions.set(name, await this.begin(token, one));
    // Whoever gets no session has nothing to show but the provider's token.
    return this.sessions.get(name) ?? { ...stated, properties: { token } };
  }

  // The session; `refused` where no session has these roles active, null where this token begins none.
  async begin(token, { labels, scope }) {
    const answer = await this.pdp.exchange(token, { session_labels: JSON.stringify(labels), ...(scope ? { scope } : {}) });
    if (answer.json.error === 'invalid_scope') return 'refused';
    if (answer.status !== 200) return null;
    return { type: 'session', id: answer.json.session_id, properties: { token: answer.json.access_token } };
  }
}

// What of an answer the reference speaks of, too.
function told(answer) {
  if (answer.status !== 200) return { status: answer.status };
  const { reason, rules, ruleReason, obligations, dryRun } = answer.json.context;
  const out = { status: 200, decision: answer.json.decision, reason, rules, ruleReason, obligations, dryRun };
  return JSON.parse(JSON.stringify(out));
}

describe('the vectors over HTTP', { concurrency: false }, () => {
  const counts = { cases: 0, questions: 0, unsayable: {} };
  assert.ok(lister && existsSync(lister), 'PORTREEVE_VECTOR_QUESTIONS names the built vector_questions');

  for (const folder of folders) {
    it(`are answered as the reference answers them: ${folder}`, async (t) => {
      const cases = execFileSync(lister, [join(vectors, folder)], { encoding: 'utf8', maxBuffer: 64 << 20 })
        .split('\n').filter(Boolean).map((line) => JSON.parse(line));
      const pdp = new Pdp(makeFolder('vectors'), { flags: ['--dev'] });
      putPolicy(pdp.policies, 'keys.json', JSON.stringify({ keys: [open] }));
      for (const name of readdirSync(join(vectors, folder)).filter((file) => file.endsWith('.yaml'))) {
        const text = readFileSync(join(vectors, folder, name), 'utf8');
        putPolicy(pdp.policies, name, text.replace(/jwks: \{ uri: "[^"]*" \}/g, 'jwks: { file: keys.json }')
          .replace(/algorithms: \[[^\]]*\]/g, 'algorithms: [EdDSA]'));
      }
      await pdp.start();
      t.after(() => pdp.stop());
      const subjects = new Subjects(pdp);
      const wrong = [];
      for (const one of cases) {
        if (one.unsayable) {
          const rule = one.unsayable.split(':')[0];
          counts.unsayable[rule] = (counts.unsayable[rule] ?? 0) + 1;
          continue;
        }
        if (await subjects.statement(one, {}) === 'refused') {
          counts.unsayable['session roles'] = (counts.unsayable['session roles'] ?? 0) + 1;
          continue;
        }
        // A token that begins no session is no session's: what a gate asks is then `token-missing`, before all else.
        const begun = await subjects.statement(one, {});
        if (one.session && begun.type !== 'session' && one.questions.some(({ body }) => reserved.includes(body.action.name))) {
          counts.unsayable['session that none begins'] = (counts.unsayable['session that none begins'] ?? 0) + 1;
          continue;
        }
        ++counts.cases;
        for (const { body, expected } of one.questions) {
          ++counts.questions;
          const asked = { ...body, subject: await subjects.statement(one, body.subject) };
          const got = told(await pdp.ask(asked));
          try {
            assert.deepEqual(got, expected);
          } catch {
            wrong.push({ place: join(folder, one.place), body, got, expected });
          }
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  it('are nearly all sayable, and none is lost', (t) => {
    t.diagnostic(`${counts.cases} cases, ${counts.questions} questions; unsayable: ${JSON.stringify(counts.unsayable)}`);
    for (const rule of Object.keys(counts.unsayable)) assert.ok(unsayableRules.includes(rule), `an unknown rule of skipping: ${rule}`);
    assert.ok(counts.cases >= leastCases, `${counts.cases} cases were run, at least ${leastCases} should be`);
    assert.ok(counts.questions >= leastQuestions, `${counts.questions} questions were asked, at least ${leastQuestions} should be`);
  });
});
