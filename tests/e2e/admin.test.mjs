// The admin API from outside: who may see and do what, every answer judged by docs/openapi.yaml, and what attackers try.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { forge, Issuer, makeKeys, readToken } from './support/issuer.mjs';
import { OpenApi } from './support/openapi.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { decisionPath } from './support/policies.mjs';
import { eventually, freePort, makeFolder, program, run } from './support/processes.mjs';
import { exchangeBytes, request } from './support/requests.mjs';

const people = `---
apiVersion: portreeve/v1
kind: Role
metadata: { name: auditor }
spec: {}
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: deployment-wide }
spec: {}
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: platform }
spec: { roles: [auditor, deployment-wide], subjects: [{ issuer: idp, group: /people/platform }, { issuer: dev, group: /people/platform }] }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: audit }
spec: { roles: [auditor], subjects: [{ issuer: idp, group: /people/audit }] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: administration }
spec:
  roles: [auditor]
  rules:
    # On purpose without ids: a rule that says nothing of tenants must not open any.
    - id: everything
      effect: allow
      resources: [{ type: decision-log }, { type: session }, { type: policy }, { type: pep }, { type: usage }]
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: reach }
spec:
  roles: [deployment-wide]
  rules:
    - { id: all, effect: allow, actions: [read], resources: [{ type: all-tenants }] }
---
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: dev }
spec: { issuer: "http://127.0.0.1/portreeve-dev", audiences: [portreeve], algorithms: [EdDSA], jwks: { file: dev.json }, claims: { groups: groups, tenant: tenant } }
`;
const policies = (issuer) => decisionPath(issuer)
  .replace('jwks: discovery', 'jwks: discovery\n  console: { clientId: console }')
  .replaceAll('subjects: [{ group', 'subjects: [{ issuer: idp, group') + people;

describe('the admin API', () => {
  const folder = makeFolder('admin');
  const keys = makeKeys('admin');
  const api = new OpenApi(fileURLToPath(new URL('../../docs/openapi.yaml', import.meta.url)));
  const issuer = new Issuer(keys);
  const tokens = {};
  const sessions = {};  // by account: {token, id}
  let pdp;
  let unique = 0;

  // Asks as somebody, and has the document judge the answer.
  async function ask(method, path, { as, cookie, body, headers = {}, judged = true, origin } = {}) {
    const changes = method !== 'GET';
    const answer = await request(`${pdp.admin}${path}`, {
      method, body: body === undefined ? undefined : JSON.stringify(body), headers: {
        ...(as ? { Authorization: `Bearer ${tokens[as]}` } : {}), ...(cookie ? { Cookie: cookie } : {}),
        ...(changes ? { 'X-Portreeve-Console': '1' } : {}), ...(changes && cookie ? { Origin: pdp.admin } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(origin === undefined ? {} : { Origin: origin }), ...headers,
      },
    });
    if (judged) api.check(method, `${pdp.admin}${path}`, answer);
    return answer;
  }
  const get = (path, as, options) => ask('GET', path, { as, ...options });
  const refused = (answer, status, code) => {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json?.type, `urn:portreeve:problem:${code}`, answer.text);
  };
  const link = async (...options) => {
    const made = await run(program('portreeve'), ['console-link', '--data', pdp.data, '--admin', pdp.admin, ...options]);
    assert.equal(made.code, 0, made.stderr);
    return /#link=(\S+)/.exec(made.stdout)[1];
  };
  const cookieOf = (answer, name = 'portreeve-console') =>
    (answer.headers['set-cookie'] ?? []).map((field) => field.split(';')[0]).find((pair) => pair.startsWith(`${name}=`));
  const question = (account, host) => ({
    subject: { type: 'session', id: sessions[account].id, properties: { token: sessions[account].token } }, action: { name: 'egress.resolve' },
    resource: { type: 'endpoint', id: `${host}:443`, properties: { host, port: 443, protocol: 'tls' } },
  });
  const decide = async (account, host) => (await pdp.ask(question(account, host))).json.context.id;

  before(async () => {
    const adminPort = await freePort();
    issuer.clients = [{
      client_id: 'console', token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], response_types: ['code'],
      redirect_uris: [`http://127.0.0.1:${adminPort}/v1/sign-in/callback`],
    }];
    await issuer.start();
    pdp = new Pdp(folder, { adminPort, flags: ['--dev', '--name', 'pdp-e2e', '--accounting-url', 'http://127.0.0.1:8183'] });
    putPolicy(pdp.policies, 'policies.yaml', policies(issuer.url));
    await pdp.start();
    for (const account of ['pia', 'aria', 'lost', 'rita', 'gus']) tokens[account] = await issuer.accessToken(account);
    for (const account of ['rita', 'gus']) {
      const made = await pdp.exchange(tokens[account]);
      assert.equal(made.status, 200, made.text);
      sessions[account] = { token: made.json.access_token, id: made.json.session_id };
    }
    sessions.rita.allowed = await decide('rita', 'packages.example.org');
    sessions.rita.denied = await decide('rita', 'elsewhere.example.com');
    sessions.rita.pasted = await decide('rita', 'paste.docs.example.org');
    sessions.gus.allowed = await decide('gus', 'packages.example.org');
  });
  after(async () => { await Promise.all([pdp?.process?.stop(), issuer.stop()]); });

  describe('what it answers', () => {
    it('lists decisions by any filter, newest first, a page at a time', async () => {
      const all = await get('/v1/decisions?administration=hide&kind=decision', 'pia');
      assert.deepEqual(all.json.records.map(({ record }) => record.id), [sessions.gus.allowed, sessions.rita.pasted, sessions.rita.denied, sessions.rita.allowed]);
      const first = await get('/v1/decisions?administration=hide&kind=decision&limit=3', 'pia');
      const rest = await get(`/v1/decisions?administration=hide&kind=decision&limit=3&after=${first.json.next}`, 'pia');
      assert.deepEqual(rest.json.records.map(({ record }) => record.id), [sessions.rita.allowed]);
      assert.equal(rest.json.next, undefined);
      for (const [filter, count] of [
        ['decision=deny', 2], ['reason=default-deny', 1], ['action=egress.resolve', 4], ['resourceType=endpoint', 4], ['resource=ELSEWHERE', 1],
        ['host=packages.example.org', 2], ['subject=idp%2Frita-agent', 3], [`session=${sessions.gus.id}`, 1], ['tenant=acme', 3], ['rule=everyone/no-paste-sites', 1],
        ['pep=dev', 4], [`id=${sessions.rita.denied}`, 1], ['text=paste+sites+carry', 1], ['text=no+such+thing', 0], ['event=closed', 0],
        ['from=2020-01-01T00:00:00Z', 4], ['until=2020-01-01T00:00:00Z', 0], [`revision=${all.json.records[0].record.revision}`, 4],
      ]) {
        const found = await get(`/v1/decisions?administration=hide&kind=decision&${filter}`, 'pia');
        assert.equal(found.json.records.length, count, `${filter}: ${found.text.slice(0, 500)}`);
      }
    });

    it('counts the values of every field, and over time', async () => {
      const counted = (await get('/v1/decisions/facets?administration=hide&kind=decision', 'pia')).json;
      const values = Object.fromEntries(counted.facets.map(({ field, values }) => [field, Object.fromEntries(values.map(({ value, count }) => [value, count]))]));
      assert.equal(counted.matching, 4);
      assert.equal(counted.complete, true);
      assert.deepEqual(values.decision, { allow: 2, deny: 2 });
      assert.deepEqual(values.tenant, { acme: 3, globex: 1 });
      assert.deepEqual(values.rule, { 'research-web/packages': 2, 'everyone/no-paste-sites': 1 });
      const over = (await get('/v1/decisions/histogram?administration=hide&kind=decision', 'pia')).json;
      assert.deepEqual(over.buckets.reduce((sum, { allow, deny }) => [sum[0] + allow, sum[1] + deny], [0, 0]), [2, 2]);
    });

    it('tells what is new, by short polls that are not decided anew each time', async () => {
      let at = (await get('/v1/decisions/tail?administration=hide', 'pia')).json;
      assert.deepEqual(at.records, []);
      const id = await decide('rita', 'git.example.org');
      at = (await get(`/v1/decisions/tail?administration=hide&since=${at.next}`, 'pia')).json;
      assert.deepEqual(at.records.map(({ record }) => record.id), [id]);
      const before = (await get('/v1/decisions?pep=pdp:admin&limit=1', 'pia')).json.records[0].index;
      for (let i = 0; i < 5; ++i) at = (await get(`/v1/decisions/tail?administration=hide&since=${at.next}`, 'pia')).json;
      const after = (await get('/v1/decisions?pep=pdp:admin&limit=10&action=search', 'pia')).json.records.filter(({ index }) => index > before);
      assert.equal(after.length, 1, 'the five polls left no record, the last look did');
    });

    it('explains a decision: the rules considered, the roles and whence, the text that decided, its neighbours', async () => {
      const denied = (await get(`/v1/decisions/${sessions.rita.denied}`, 'pia')).json;
      assert.equal(denied.record.reason, 'default-deny');
      assert.equal(denied.explanation.basis, 'replayed');
      assert.equal(denied.roles.length, 1);
      const [{ role, bindings, sources }] = denied.roles;
      assert.deepEqual([role, bindings, sources.map(({ text }) => text)], ['researcher', ['research'], [`binding research by ${sources[0].through}`]]);
      assert.ok(sources[0].line > 0 && sources[0].file.endsWith('.yaml'));
      assert.deepEqual(denied.explanation.reasons, ['default-deny']);
      assert.ok(denied.explanation.whyNot.length > 0 && denied.explanation.whyNot.every(({ text, remedy }) => text !== '' && remedy !== ''));
      assert.equal(denied.session.id, sessions.rita.id);
      assert.equal(denied.neighbours.before.at(-1).record.id, sessions.rita.allowed);
      assert.equal(denied.neighbours.after[0].record.id, sessions.rita.pasted);
      const pasted = (await get(`/v1/decisions/${sessions.rita.pasted}`, 'pia')).json;
      assert.equal(pasted.policies.length, 1);
      const [excerpt] = pasted.policies;
      assert.equal(excerpt.rule, 'everyone/no-paste-sites');
      assert.match(excerpt.text.split('\n')[excerpt.line - excerpt.firstLine], /no-paste-sites/);
      assert.match(excerpt.text, /kind: EgressPolicy/);
      const matched = pasted.explanation.rules.find((each) => each.rule === 'everyone/no-paste-sites');
      assert.deepEqual([matched.matched, matched.file, matched.line], [true, excerpt.file, excerpt.line]);
      const [lift] = pasted.explanation.whyNot;
      assert.deepEqual([lift.remedy, lift.needed, lift.rule], ['lift-deny', true, 'everyone/no-paste-sites']);
      const byNumber = (await get(`/v1/decisions/${pasted.index}`, 'pia')).json;
      assert.equal(byNumber.record.id, sessions.rita.pasted);
      refused(await get('/v1/decisions/dec_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'pia'), 404, 'not-found');
      refused(await get('/v1/decisions/999999999', 'pia'), 404, 'not-found');
    });

    it('shows what a gate then did under the decision', async () => {
      const boot = 'ab'.repeat(16);
      const told = await request(`${pdp.url}/v1/outcomes`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({
        boot, records: [{ seq: 1, kind: 'outcome', decision: sessions.rita.allowed, time: '2026-11-24T12:00:00Z', result: 'closed', address: '23.0.0.10' }] }) });
      assert.equal(told.status, 200, told.text);
      const shown = (await get(`/v1/decisions/${sessions.rita.allowed}`, 'pia')).json;
      assert.deepEqual(shown.trail.map(({ record }) => record.address), ['23.0.0.10']);
      const mine = (await get(`/v1/decisions/${shown.trail[0].index}`, 'aria')).json;
      assert.equal(mine.record.kind, 'outcome', 'what is reported of an own decision is one\'s own');
    });

    it('writes files: stored bytes a line, and rows that no spreadsheet computes', async () => {
      const evil = `=cmd|' /C calc'!A${++unique}`;
      await pdp.ask({ subject: { type: 'user', id: `idp/${evil}` }, action: { name: 'read' }, resource: { type: 'document', id: '+1+1' } });
      const lines = await get('/v1/decisions/export?format=jsonl&resourceType=document', 'pia');
      assert.equal(lines.headers['content-disposition'], 'attachment; filename="decisions.jsonl"');
      const [record] = lines.text.trim().split('\n').map((line) => JSON.parse(line));
      assert.equal(record.resource.id, '+1+1');
      const table = (await get('/v1/decisions/export?format=csv&resourceType=document', 'pia')).text;
      const [header, row] = table.split('\r\n');
      assert.match(header, /^index,time,kind,id,decision,/);
      assert.match(row, /,'\+1\+1,/);
      const noted = (await get('/v1/decisions?kind=admin&action=decision-log.export', 'pia')).json.records;
      assert.equal(noted.length, 2, 'each file is a deed of its own in the log');
      assert.equal(noted[0].record.detail.format, 'csv');
    });

    it('gives the overview, gates with their last contact, revisions, their difference', async () => {
      const overview = (await get('/v1/overview', 'pia')).json;
      assert.ok(overview.allowed >= 2 && overview.denied >= 2);
      assert.ok(overview.deniedTargets.some(({ target }) => target === 'elsewhere.example.com:443'));
      await pdp.addGate('egress-9', 'egress');
      const { peps } = (await get('/v1/peps', 'pia')).json;
      assert.ok(peps.find(({ name }) => name === 'dev').lastContact.time);
      assert.deepEqual(peps.find(({ name }) => name === 'egress-9').domains, ['egress']);
      const first = (await get('/v1/policies/revisions', 'pia')).json;
      putPolicy(pdp.policies, 'more.yaml', 'apiVersion: portreeve/v1\nkind: Role\nmetadata: { name: extra }\nspec: {}\n');
      const then = await eventually('the new revision', async () => {
        const now = (await get('/v1/policies/revisions', 'pia')).json;
        return now.active !== first.active && now;
      });
      assert.equal(then.revisions[0].revision, then.active);
      const shown = (await get(`/v1/policies/revisions/${encodeURIComponent(then.active)}`, 'pia')).json;
      assert.ok(shown.documents.some(({ kind, name }) => kind === 'Role' && name === 'extra'));
      assert.equal(createHash('sha256').update(shown.files[0].text).digest('hex'), shown.files[0].sha256);
      const difference = (await get(`/v1/policies/difference?from=${first.active}&to=${then.active}`, 'pia')).json;
      assert.deepEqual(difference.files.map(({ path, change }) => [path, change]), [['more.yaml', 'added']]);
      const old = (await get(`/v1/decisions/${sessions.rita.denied}`, 'pia')).json;
      assert.equal(old.explanation.basis, 'replayed', 'by the revision that decided then');
      refused(await get(`/v1/policies/revisions/sha256:${'0'.repeat(64)}`, 'pia'), 404, 'not-found');
    });

    it('tries a question without a workload\'s record', async () => {
      const tried = async (body) => (await ask('POST', '/v1/evaluate', { as: 'pia', body })).json;
      const resource = question('rita', 'packages.example.org').resource;
      const simulated = await tried({ subject: { type: 'user', id: 'idp/eve', claims: { groups: ['/agents/research'], tenant: 'acme' } }, action: { name: 'egress.resolve' }, resource });
      assert.equal(simulated.decision, true, JSON.stringify(simulated));
      assert.deepEqual(simulated.roles.map(({ role, sources }) => [role, sources.map(({ text }) => text)]), [['researcher', ['binding research by group /agents/research']]]);
      const real = await tried({ subject: { type: 'session', id: sessions.rita.id }, action: { name: 'egress.resolve' }, resource });
      assert.deepEqual(real.rules, ['research-web/packages']);
      const nobody = await tried({ subject: { type: 'user', id: 'idp/eve', claims: {} }, action: { name: 'egress.resolve' }, resource });
      assert.equal(nobody.reason, 'default-deny');
      const [nearest] = nobody.explanation.whyNot;
      assert.deepEqual([nearest.remedy, nearest.rule, nearest.roles], ['give-role', 'research-web/packages', ['researcher']]);
      assert.match(nearest.yaml, /kind: RoleBinding/);
      assert.equal((await get('/v1/decisions?subject=idp%2Feve', 'pia')).json.records.length, 0);
      refused(await ask('POST', '/v1/evaluate', { as: 'pia', body: { subject: {} } }), 400, 'bad-request');
    });

    it('lists sessions, cuts them, and lifts what bars new ones', async () => {
      const made = await pdp.exchange(tokens.gus);
      const { session_id: id } = made.json;
      assert.ok((await get('/v1/sessions?state=live', 'pia')).json.sessions.some((session) => session.id === id));
      assert.equal((await get(`/v1/sessions/${id}`, 'pia')).json.tenant, 'globex');
      const cut = (await ask('POST', '/v1/revocations', { as: 'pia', body: { session: id, reason: 'a test' } })).json;
      assert.deepEqual([cut.kind, cut.sessions], ['session', 1]);
      assert.equal((await get(`/v1/sessions/${id}`, 'pia')).json.state, 'revoked');
      const barred = (await ask('POST', '/v1/revocations', { as: 'pia', body: { subject: 'idp/gus-agent' } })).json;
      assert.equal((await pdp.exchange(tokens.gus)).status, 400);
      assert.ok((await get('/v1/revocations', 'pia')).json.revocations.some(({ event }) => event === barred.event));
      assert.equal((await ask('DELETE', `/v1/revocations/${barred.event}`, { as: 'pia' })).status, 204);
      assert.equal((await pdp.exchange(tokens.gus)).status, 200);
      const deeds = (await get('/v1/decisions?kind=admin&subject=idp%2Fpia-agent', 'pia')).json.records.map(({ record }) => record.action);
      assert.ok(deeds.includes('session.revoke') && deeds.includes('revocation.lift'));
      for (const body of [{}, { session: id, all: true }, { all: false }, { sessions: [] }, { subject: 'gus' }]) {
        refused(await ask('POST', '/v1/revocations', { as: 'pia', body }), 400, 'bad-request');
      }
    });

    it('mints a token for accounting that says whose figures it shows', async () => {
      const all = readToken((await ask('POST', '/v1/usage-token', { as: 'pia' })).json.token);
      assert.equal(all.header.typ, 'portreeve-usage+jwt');
      assert.equal(all.claims.aud, 'portreeve-accounting');
      assert.ok(all.claims.exp - all.claims.iat <= 300);
      assert.equal(all.claims.tenant, undefined);
      assert.equal(readToken((await ask('POST', '/v1/usage-token', { as: 'aria' })).json.token).claims.tenant, 'acme');
    });

    it('says how to sign in, and what one may', async () => {
      const nobody = (await get('/v1/console')).json;
      assert.equal(nobody.user, undefined);
      assert.deepEqual(nobody.signIn, { link: true, providers: [{ name: 'idp', url: '/v1/sign-in/idp' }] });
      const aria = (await get('/v1/console', 'aria')).json.user;
      assert.deepEqual(aria.scope, { allTenants: false, tenant: 'acme' });
      assert.ok(aria.may.session.includes('revoke'));
      assert.deepEqual((await get('/v1/console', 'rita')).json.user.may, {});
    });

    it('refuses what it does not know', async () => {
      refused(await get('/v1/decisions?colour=red', 'pia'), 400, 'bad-request');
      for (const query of ['limit=0', 'limit=x', 'after=-1', 'from=yesterday', 'kind=all', 'decision=yes', 'text=ab', 'tenants=acme', 'reason=', 'a=%ff', 'limit=1&limit=2']) {
        refused(await get(`/v1/decisions?${query}`, 'pia'), 400, 'bad-request');
      }
      refused(await get('/v1/decisions/export?format=xml', 'pia'), 400, 'bad-request');
      refused(await get('/v1/nothing', 'pia', { judged: false }), 404, 'not-found');
      const other = await ask('PUT', '/v1/decisions', { as: 'pia', judged: false });
      refused(other, 405, 'method-not-allowed');
      assert.equal(other.headers.allow, 'GET');
      refused(await ask('POST', '/v1/revocations', { as: 'pia', body: 'text' }), 400, 'bad-request');
      const large = await request(`${pdp.admin}/v1/revocations`, { method: 'POST', body: 'x'.repeat(3 << 20), headers: { Authorization: `Bearer ${tokens.pia}`, 'X-Portreeve-Console': '1', 'Content-Type': 'application/json' } }).catch(() => ({ status: 413 }));
      assert.equal(large.status, 413);
    });
  });

  describe('whom it answers', () => {
    it('nobody without a token, or with one that is not right', async () => {
      refused(await get('/v1/decisions'), 401, 'unauthenticated');
      tokens.forged = forge({ alg: 'HS256', typ: 'JWT' }, { iss: issuer.url, aud: 'portreeve', sub: 'pia', exp: 9e9 }, Buffer.from('x'));
      refused(await get('/v1/decisions', 'forged'), 401, 'unauthenticated');
      tokens.elsewhere = await issuer.accessToken('pia', { audience: 'elsewhere' });
      refused(await get('/v1/decisions', 'elsewhere'), 401, 'unauthenticated');
      tokens.workload = sessions.rita.token;
      refused(await get('/v1/decisions', 'workload'), 401, 'unauthenticated');
      refused(await get('/v1/decisions', 'rita'), 403, 'denied');
    });

    it('every request is a decision in the log, allowed or not', async () => {
      await get('/v1/peps', 'rita');
      const [newest] = (await pdp.records('--pep', 'pdp:admin', '--subject', 'idp/rita-agent')).slice(-1);
      assert.deepEqual([newest.decision, newest.action, newest.resource, newest.reason], [false, 'read', { type: 'pep', id: 'acme' }, 'default-deny']);
    });

    it('an auditor of one tenant sees that tenant\'s, whatever is asked', async () => {
      const seen = (records) => [...new Set(records.map(({ record }) => record.tenant))];
      assert.deepEqual(seen((await get('/v1/decisions?limit=1000', 'aria')).json.records), ['acme']);
      const foreign = [
        'tenant=globex', 'tenants=*', 'tenants=*&tenant=globex', 'tenants=%2A', `tenant=globex&id=${sessions.gus.allowed}`,
      ];
      for (const path of ['/v1/decisions', '/v1/decisions/facets', '/v1/decisions/histogram', '/v1/decisions/tail', '/v1/overview']) {
        for (const query of foreign.filter((each) => path !== '/v1/overview' || !each.includes('id='))) {
          assert.equal((await get(`${path}?${query}`, 'aria')).status, 403, `${path}?${query}`);
        }
      }
      assert.equal((await get('/v1/decisions/export?format=csv&tenants=*', 'aria')).status, 403);
      for (const query of [`session=${sessions.gus.id}`, `id=${sessions.gus.allowed}`, 'subject=idp%2Fgus-agent', 'text=globex', 'kind=admin', 'kind=outcome', 'pep=dev&subject=idp%2Fgus-agent']) {
        const found = (await get(`/v1/decisions?${query}`, 'aria')).json.records;
        assert.ok(found.every(({ record }) => record.tenant === 'acme'), query);
        if (query !== 'pep=dev') assert.ok(!found.some(({ record }) => record.session === sessions.gus.id), query);
      }
      refused(await get(`/v1/decisions/${sessions.gus.allowed}`, 'aria'), 404, 'not-found');
      const theirs = (await get(`/v1/decisions?id=${sessions.gus.allowed}`, 'pia')).json.records[0].index;
      refused(await get(`/v1/decisions/${theirs}`, 'aria'), 404, 'not-found');
      const file = (await get('/v1/decisions/export?format=jsonl', 'aria')).text.trim().split('\n').map((line) => JSON.parse(line));
      assert.ok(file.length > 0 && file.every(({ tenant }) => tenant === 'acme'));
      const facets = (await get('/v1/decisions/facets', 'aria')).json.facets;
      assert.deepEqual(facets.find(({ field }) => field === 'tenant').values.map(({ value }) => value), ['acme']);
      assert.ok(!facets.find(({ field }) => field === 'session').values.some(({ value }) => value === sessions.gus.id));
      assert.ok(!(await get('/v1/overview', 'aria')).text.includes('globex'));
    });

    it('nor reaches another\'s sessions, revocations or simulations', async () => {
      const { session_id: theirs } = (await pdp.exchange(tokens.gus)).json;
      assert.ok((await get('/v1/sessions?state=live', 'aria')).json.sessions.every(({ tenant }) => tenant === 'acme'));
      assert.equal((await get('/v1/sessions?tenant=globex', 'aria')).status, 403);
      refused(await get(`/v1/sessions/${theirs}`, 'aria'), 404, 'session-unknown');
      refused(await ask('POST', '/v1/revocations', { as: 'aria', body: { session: theirs } }), 404, 'session-unknown');
      for (const body of [{ tenant: 'globex' }, { subject: 'idp/gus-agent' }, { subject: 'idp/rita-agent' }, { all: true }]) {
        assert.equal((await ask('POST', '/v1/revocations', { as: 'aria', body })).status, 403, JSON.stringify(body));
      }
      refused(await ask('POST', '/v1/evaluate', { as: 'aria', body: { ...question('gus', 'packages.example.org'), subject: { type: 'session', id: theirs } } }), 404, 'session-unknown');
      assert.equal((await get(`/v1/sessions/${theirs}`, 'pia')).json.state, 'live');
    });

    it('a tenant that is missing opens nothing', async () => {
      for (const path of ['/v1/decisions', '/v1/overview', '/v1/sessions', '/v1/policies/revisions']) refused(await get(path, 'lost'), 403, 'denied');
    });
  });

  describe('one-time links', () => {
    const redeem = (token, options) => ask('POST', '/v1/sign-in/link', { body: { token }, ...options });

    it('sign in once', async () => {
      const token = await link();
      const signedIn = await redeem(token);
      assert.equal(signedIn.status, 200, signedIn.text);
      assert.equal(signedIn.json.user.subject, 'dev/operator');
      const [field] = signedIn.headers['set-cookie'];
      assert.match(field, /^portreeve-console=[\w-]{43}; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict$/);
      const cookie = cookieOf(signedIn);
      assert.equal((await get('/v1/decisions', null, { cookie })).status, 200);
      refused(await redeem(token), 403, 'denied');
      const out = await ask('POST', '/v1/sign-out', { cookie });
      assert.equal(out.status, 204);
      refused(await get('/v1/decisions', null, { cookie }), 401, 'unauthenticated');
    });

    it('of two who redeem at once one gets in', async () => {
      const token = await link();
      const answers = await Promise.all(Array.from({ length: 8 }, () => redeem(token)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403, 403, 403, 403, 403, 403, 403]);
    });

    it('are not guessed, and not made of paths', async () => {
      for (const token of ['', 'x', 'A'.repeat(43), '../issuer-key.pem', '../../keys/session-signing.pem', '\u0001', 'a'.repeat(1000)]) {
        refused(await redeem(token), 403, 'denied');
      }
      refused(await ask('POST', '/v1/sign-in/link', { body: { token: 1 } }), 400, 'bad-request');
    });

    it('an old one signs nobody in', async () => {
      // The link's file holds a token that ends after five minutes; one that ended is put in its place.
      const made = await run(program('portreeve'), ['token', '--data', pdp.data, '--sub', 'late', '--group', '/people/platform', '--claims', '{"nbf": 4000000000}']);
      const { writeFileSync } = await import('node:fs');
      const token = 'late-link';
      writeFileSync(join(pdp.data, 'dev', 'links', createHash('sha256').update(token).digest('hex')), made.stdout.trim(), { mode: 0o600 });
      refused(await redeem(token), 403, 'denied');
    });
  });

  describe('against other pages in the same browser', () => {
    let cookie;
    before(async () => { cookie = cookieOf(await ask('POST', '/v1/sign-in/link', { body: { token: await link() } })); });

    it('a page of another port of loopback changes nothing and reads nothing', async () => {
      const elsewhere = createServer(() => {});
      await new Promise((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
      const origin = `http://127.0.0.1:${elsewhere.address().port}`;
      elsewhere.close();
      const body = { tenant: 'acme' };
      refused(await ask('POST', '/v1/revocations', { cookie, body, origin }), 403, 'bad-origin');
      refused(await ask('POST', '/v1/revocations', { cookie, body, origin: 'null' }), 403, 'bad-origin');
      refused(await ask('POST', '/v1/revocations', { cookie, body, headers: { 'X-Portreeve-Console': '' } }), 403, 'bad-origin');
      // What a form can send without asking: no header of its own, and other types than JSON.
      for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x']) {
        const sent = await request(`${pdp.admin}/v1/revocations`, { method: 'POST', body: '{"tenant":"acme"}', headers: { Cookie: cookie, Origin: pdp.admin, 'Content-Type': type } });
        assert.ok(sent.status === 403 || sent.status === 400, type);  // what is no multipart is 400 already
        const posing = await request(`${pdp.admin}/v1/revocations`, { method: 'POST', body: '{"tenant":"acme"}', headers: { Cookie: cookie, Origin: pdp.admin, 'Content-Type': type, 'X-Portreeve-Console': '1' } });
        assert.ok(posing.status === 415 || posing.status === 400, type);
      }
      refused(await get('/v1/decisions', null, { cookie, headers: { 'Sec-Fetch-Site': 'same-site' } }), 403, 'bad-origin');
      refused(await get('/v1/decisions', null, { cookie, origin }), 403, 'bad-origin');
      const preflight = await request(`${pdp.admin}/v1/revocations`, { method: 'OPTIONS', headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'x-portreeve-console' } });
      assert.ok(preflight.status >= 400);
      assert.ok(!Object.keys(preflight.headers).some((name) => name.startsWith('access-control')));
      assert.equal((await get(`/v1/sessions/${sessions.rita.id}`, 'pia')).json.state, 'live', 'nothing was revoked');
    });

    it('with the cookie a change needs the console\'s own origin', async () => {
      const bare = await request(`${pdp.admin}/v1/usage-token`, { method: 'POST', headers: { Cookie: cookie, 'X-Portreeve-Console': '1' } });
      refused(bare, 403, 'bad-origin');
      assert.equal((await ask('POST', '/v1/usage-token?tenants=*', { cookie })).status, 200);
    });

    it('a name that was rebound to here is not answered', async () => {
      const { port } = new URL(pdp.admin);
      for (const host of [`evil.example:${port}`, 'evil.example', `127.0.0.1.evil.example:${port}`, `127.0.0.1:${Number(port) + 1}`, '127.0.0.1', `127.0.0.2:${port}`, '']) {
        for (const path of ['/v1/console', '/v1/decisions', '/console/', '/']) {
          const said = await exchangeBytes('127.0.0.1', port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`);
          assert.match(said, /^HTTP\/1\.1 4(21|00) /, `${host} ${path}`);
        }
      }
      const twice = await exchangeBytes('127.0.0.1', port, `GET /v1/console HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
      assert.match(twice, /^HTTP\/1\.1 4/);
      const named = await exchangeBytes('127.0.0.1', port, `GET /v1/console HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`);
      assert.match(named, /^HTTP\/1\.1 200 /);
      assert.equal((await request(`${pdp.admin}/healthz`, { headers: { Host: 'pod.internal' } })).status, 200);
    });

    it('every answer is closed to framing, sniffing and inline code', async () => {
      for (const path of ['/v1/console', '/v1/decisions', '/console/', '/v1/nothing', '/']) {
        const { headers } = await request(`${pdp.admin}${path}`);
        assert.match(headers['content-security-policy'], /default-src 'none'/, path);
        assert.match(headers['content-security-policy'], /frame-ancestors 'none'/, path);
        assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*/, path);
        assert.equal(headers['x-content-type-options'], 'nosniff', path);
        assert.ok(headers['referrer-policy'], path);
      }
    });

    it('cookies that are forged, doubled or another\'s are nobody\'s', async () => {
      for (const value of ['portreeve-console=', `portreeve-console=${'A'.repeat(43)}`, `${cookie}x`, `${cookie}; ${cookie}`, `portreeve-console=x; ${cookie}`, cookie.toUpperCase()]) {
        refused(await get('/v1/decisions', null, { cookie: value }), 401, 'unauthenticated');
      }
      tokens.wrong = 'wrong';
      refused(await get('/v1/decisions', 'wrong', { cookie }), 401, 'unauthenticated');
    });

    it('forty tails at once leave the listener free', async () => {
      const polls = Array.from({ length: 40 }, () => get('/v1/decisions/tail', 'pia', { judged: false }));
      assert.equal((await request(`${pdp.admin}/healthz`)).status, 200);
      assert.ok((await Promise.all(polls)).every(({ status }) => status === 200));
    });
  });

  describe('signing in with the provider', () => {
    const callback = () => `${pdp.admin}/v1/sign-in/callback`;
    async function begin(path = '/v1/sign-in/idp?return=%2Fconsole%2Fsessions') {
      const begun = await ask('GET', path);
      assert.equal(begun.status, 302, begun.text);
      return { at: begun.headers.location, cookie: cookieOf(begun, 'portreeve-sign-in') };
    }
    const finish = async (address, cookie) => {
      const { pathname, search } = new URL(address);
      return ask('GET', pathname + search, { headers: { ...(cookie ? { Cookie: cookie } : {}), 'Sec-Fetch-Site': 'cross-site' } });
    };
    const came = (answer, to) => { assert.equal(answer.status, 302, answer.text); assert.equal(answer.headers.location, to); };

    it('goes there with PKCE, state and nonce, and comes back signed in', async () => {
      const { at, cookie } = await begin();
      const asked = new URL(at).searchParams;
      assert.equal(asked.get('code_challenge_method'), 'S256');
      assert.ok(asked.get('state').length >= 43 && asked.get('nonce').length >= 43);
      const back = await issuer.authorize(at, 'pia', callback());
      const done = await finish(back, cookie);
      came(done, '/console/sessions');
      const session = cookieOf(done);
      const { user } = (await get('/v1/console', null, { cookie: session })).json;
      assert.equal(user.subject, 'idp/pia');
      assert.equal((await get('/v1/decisions', null, { cookie: session })).status, 200);
      // The same answer of the provider once more: the state is used up, and so is the code.
      came(await finish(back, cookie), '/console/?sign-in=expired');
    });

    it('believes no other browser, no forged or foreign state, no foreign issuer', async () => {
      const { at, cookie } = await begin();
      const back = await issuer.authorize(at, 'pia', callback());
      came(await finish(back, null), '/console/?sign-in=expired');
      came(await finish(back, cookie), '/console/?sign-in=expired');  // the try without the cookie used it up
      const mine = await begin();
      const theirs = await begin();
      const stolen = await issuer.authorize(theirs.at, 'aria', callback());
      came(await finish(stolen, mine.cookie), '/console/?sign-in=expired');
      came(await finish(`${callback()}?code=x&state=${'A'.repeat(43)}`, mine.cookie), '/console/?sign-in=expired');
      const wrong = new URL(await issuer.authorize(mine.at, 'pia', callback()));
      wrong.searchParams.set('iss', 'https://elsewhere.example.com');
      came(await finish(wrong.href, mine.cookie), '/console/?sign-in=failed');
    });

    it('believes no code but its own', async () => {
      const first = await begin();
      const second = await begin();
      const code = new URL(await issuer.authorize(first.at, 'pia', callback())).searchParams.get('code');
      const swapped = new URL(await issuer.authorize(second.at, 'aria', callback()));
      swapped.searchParams.set('code', code);  // of another sign-in: its PKCE verifier is not ours
      came(await finish(swapped.href, second.cookie), '/console/?sign-in=failed');
      const third = await begin();
      const state = new URL(third.at).searchParams.get('state');
      came(await finish(`${callback()}?code=guessed&state=${state}`, third.cookie), '/console/?sign-in=failed');
      const fourth = await begin();
      came(await finish(`${callback()}?error=access_denied&state=${new URL(fourth.at).searchParams.get('state')}`, fourth.cookie), '/console/?sign-in=refused');
    });

    it('an ID token for the console is no subject token, and one for others no sign-in', async () => {
      // The console's client is no audience of the provider: what it is given cannot be exchanged for a session.
      tokens.id = await issuer.idToken('pia');
      assert.equal((await get('/v1/decisions', 'id')).status, 200, 'an ID token for the audience is a token like others');
      const token = forge({ alg: 'EdDSA', typ: 'JWT', kid: 'admin-ed' }, { iss: issuer.url, aud: 'console', sub: 'pia', groups: ['/people/platform'], exp: Math.floor(Date.now() / 1000) + 60 },
        { key: keys.find(({ kid }) => kid === 'admin-ed'), format: 'jwk' });
      tokens.console = token;
      refused(await get('/v1/decisions', 'console'), 401, 'unauthenticated');
      assert.equal((await pdp.exchange(token)).status, 400);
    });

    it('comes back to the console and nowhere else', async () => {
      for (const path of ['https://evil.example/', '//evil.example/', '/console/../../evil', '/console//evil.example', '/elsewhere']) {
        const { at, cookie } = await begin(`/v1/sign-in/idp?return=${encodeURIComponent(path)}`);
        const done = await finish(await issuer.authorize(at, 'pia', callback()), cookie);
        assert.match(done.headers.location, /^\/console\//);
        assert.doesNotMatch(done.headers.location, /evil/, path);
      }
      refused(await ask('GET', '/v1/sign-in/dev'), 404, 'not-found');
    });
  });

  it('leaves nothing of the document unjudged', () => { assert.deepEqual(api.unseen(), []); });
});
