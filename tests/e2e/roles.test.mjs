// Roles from an identity provider's token to a decision: claims in the shapes that Keycloak, Entra and Okta write, roles that a session
// activates, duties that are kept apart. Tokens are signed; the PDP, its store and its events are the real ones.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Events } from './support/events.mjs';
import { Issuer, accounts, forge, makeKeys } from './support/issuer.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { makeFolder, program, run } from './support/processes.mjs';
import { postJson, request } from './support/requests.mjs';

// Who stands at the real provider: one in so many groups that they are not in the token, one that writes and approves.
accounts.grace = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.example.com/me/memberObjects' } } };
accounts.rosa = { groups: ['/authors', '/approvers'] };

const policies = (issuer) => `
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec: { issuer: ${issuer}, audiences: [portreeve], algorithms: [RS256], jwks: discovery, claims: { groups: groups } }
---
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: keycloak }
spec:
  issuer: https://keycloak.example.com/realms/agents
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { file: keys.json }
  claims: { roles: { path: [resource_access, sandbox.example.com, roles], allow: [author] } }
---
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: entra }
spec:
  issuer: https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { file: keys.json }
  claims: { subject: oid, groups: groups, tenant: tid, roles: { path: roles, allow: [author] } }
---
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: okta }
spec:
  issuer: https://example.okta.com/oauth2/default
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { file: keys.json }
  claims: { groups: groups, roles: { path: ["https://example.com/roles"], allow: [author] } }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: reader }
spec: {}
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: author }
spec: { inherits: [reader] }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: approver }
spec: {}
---
apiVersion: portreeve/v1
kind: RoleConstraint
metadata: { name: who-writes-does-not-approve }
spec: { kind: dynamic, roles: [author, approver], atMost: 1 }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: authors }
spec: { roles: [author], subjects: [{ issuer: idp, group: /authors }, { issuer: entra, group: 0a1b2c3d-0000-4000-8000-000000000001 }, { issuer: okta, group: Authors }] }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: approvers }
spec: { roles: [approver], subjects: [{ issuer: idp, group: /approvers }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: of-readers }
spec: { roles: [reader], rules: [{ id: r, effect: allow, hosts: [read.example.org] }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: of-authors }
spec: { roles: [author], rules: [{ id: r, effect: allow, hosts: [write.example.org] }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: of-approvers }
spec: { roles: [approver], rules: [{ id: r, effect: allow, hosts: [approve.example.org] }] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: of-everyone }
spec: { rules: [{ id: r, effect: allow, actions: [hello], resources: [{ type: desk }] }] }
`;

const issuers = {
  keycloak: 'https://keycloak.example.com/realms/agents',
  entra: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0',
  okta: 'https://example.okta.com/oauth2/default',
};

describe('roles', { concurrency: false }, () => {
  const keys = makeKeys('roles');
  const [, , key] = keys;
  const issuer = new Issuer(keys);
  const pdp = new Pdp(makeFolder('roles'), { flags: ['--dev'] });
  let gate, orchestrator;

  const signed = (provider, claims) => {
    const now = Math.floor(Date.now() / 1000);
    return forge({ alg: 'EdDSA', kid: key.kid, typ: 'JWT' }, { iss: issuers[provider], aud: 'portreeve', sub: 'a', iat: now, exp: now + 600, ...claims },
      createPrivateKey({ key, format: 'jwk' }));
  };
  async function begin(token, fields) {
    const answer = await pdp.exchange(token, fields);
    assert.equal(answer.status, 200, answer.text);
    return { id: answer.json.session_id, token: answer.json.access_token, scope: answer.json.scope };
  }
  async function asked(session, verb) {
    const answer = await pdp.ask({
      subject: { type: 'session', id: session.id, properties: { token: session.token } }, action: { name: 'egress.connect' },
      resource: { type: 'endpoint', id: `${verb}.example.org:443`, properties: { protocol: 'connect', addresses: ['23.0.0.10'] } },
    }, { gate });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }
  // Of reading, writing and approving, what the session may.
  async function may(session) {
    const can = [];
    for (const verb of ['read', 'write', 'approve']) if ((await asked(session, verb)).decision) can.push(verb);
    return can.join(' ');
  }
  const change = (session, body) => postJson(`${pdp.url}/v1/sessions/${session.id}/roles`, body, { headers: { Authorization: `Bearer ${orchestrator}` } });
  const refused = async (token, fields) => {
    const { status, json } = await pdp.exchange(token, fields);
    return [status, json.error, json.error_description];
  };

  before(async () => {
    await issuer.start();
    const { d, ...open } = key;
    putPolicy(pdp.policies, 'keys.json', JSON.stringify({ keys: [open] }));
    putPolicy(pdp.policies, 'policies.yaml', policies(issuer.url));
    await pdp.start();
    gate = await pdp.addGate('egress-1', 'egress', 'access');
    orchestrator = await pdp.addGate('orchestrator', 'sessions');
  });
  after(async () => {
    await pdp.process?.stop();
    await issuer.stop();
  });

  it('that may not meet are activated one at a time, by scope', async () => {
    const token = await issuer.accessToken('rosa');
    assert.equal(await may(await begin(token)), 'read', 'all are active, so none of the two');
    const writing = await begin(token, { scope: 'author' });
    assert.equal(writing.scope, 'author');
    assert.equal(await may(writing), 'read write');
    assert.equal(await may(await begin(token, { scope: 'approver' })), 'approve');
    assert.equal(await may(await begin(token, { scope: 'reader' })), 'read', 'of what she inherits, that alone');
    assert.deepEqual(await refused(token, { scope: 'author approver' }),
      [400, 'invalid_scope', 'constraint `who-writes-does-not-approve` lets at most 1 of its roles be active in one session, not `approver`, `author`']);
    assert.deepEqual(await refused(token, { scope: 'author admin' }), [400, 'invalid_scope', 'the subject is not authorised for role `admin` now']);
    assert.equal((await refused(token, { scope: '' }))[1], 'invalid_scope', 'no list of roles is ever every role');
  });

  it('are dropped and activated while a session lives, and every gate hears of it', async () => {
    const session = await begin(await issuer.accessToken('rosa'), { scope: 'author' });
    const ear = new Events(pdp.url, gate);
    const { data: { event } } = await ear.hello();
    assert.equal(await may(session), 'read write');

    const both = await change(session, { activate: ['approver'] });
    assert.deepEqual([both.status, both.json.type], [409, 'urn:portreeve:problem:constraint-violated']);
    const other = await change(session, { activate: ['approver'], drop: ['author'] });
    assert.deepEqual([other.status, other.json.roles], [200, ['approver']]);
    const told = await ear.heard('the change', (message) => message.event === 'roles');
    assert.deepEqual([told.id, told.data.session, told.data.event], [`${event + 1}`, session.id, event + 1]);
    assert.equal(await may(session), 'approve');
    assert.ok((await asked(session, 'approve')).context.event >= event + 1, 'the answer has taken the change into account');

    assert.deepEqual((await change(session, { drop: ['approver'] })).json.roles, []);
    assert.equal(await may(session), '');
    await pdp.stop('SIGKILL');
    await pdp.start();
    assert.equal(await may(session), '', 'none is still none after a crash');
    ear.close();
    const actions = (await pdp.records('--kind', 'admin')).filter(({ action }) => action === 'session.roles');
    assert.deepEqual(actions.map(({ target }) => target), [session.id, session.id]);
    const seen = await request(`${pdp.url}/v1/sessions/${session.id}`, { headers: { Authorization: `Bearer ${orchestrator}` } });
    assert.deepEqual(seen.json.roles, []);
  });

  it('come from claims in the shapes of Keycloak, Entra and Okta', async () => {
    const tokens = {
      'a role of a Keycloak client whose id holds dots': ['keycloak', { resource_access: { 'sandbox.example.com': { roles: ['author'] } } }],
      'an app role of Entra': ['entra', { oid: 'o1', tid: 't1', roles: ['author'], ver: '2.0' }],
      'a group of Entra': ['entra', { oid: 'o1', tid: 't1', groups: ['0a1b2c3d-0000-4000-8000-000000000001'] }],
      'a group of Okta': ['okta', { groups: ['Everyone', 'Authors'] }],
      'a claim of Okta that is named by a URL': ['okta', { 'https://example.com/roles': ['author'] }],
    };
    for (const [name, [provider, claims]] of Object.entries(tokens)) assert.equal(await may(await begin(signed(provider, claims))), 'read write', name);
    assert.equal(await may(await begin(signed('keycloak', { resource_access: { sandbox: { roles: ['author'] } } }))), '');
  });

  it('that a token leaves out and only refers to are unknown, and never none', async () => {
    const overage = { oid: 'o1', _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://graph.microsoft.com/v1.0/users/o1/getMemberObjects' } } };
    const rows = {
      'group overage, from a provider': [await issuer.accessToken('grace'), 'groups', 'idp/grace-agent'],
      'group overage': [signed('entra', overage), 'groups', 'entra/o1'],
      'with an app role': [signed('entra', { ...overage, roles: ['author'] }), 'groups', 'entra/o1'],
      'of the implicit flow': [signed('entra', { oid: 'o1', roles: ['author'], hasgroups: true }), 'groups', 'entra/o1'],
      'roles': [signed('okta', { groups: ['Authors'], _claim_names: { 'https://example.com/roles': 's' } }), 'https://example.com/roles', 'okta/a'],
    };
    for (const [name, [token, claim, id]] of Object.entries(rows)) {
      const [status, error, description] = await refused(token);
      assert.deepEqual([status, error], [400, 'invalid_request'], name);
      assert.match(description, new RegExp(`^the token does not hold the claim \`${claim}\` and only refers to where`), name);
      assert.match(description, /emit only the groups assigned to the application, or use app roles/, name);
      const answer = await pdp.ask({ subject: { type: 'user', id, properties: { token } }, action: { name: 'hello' }, resource: { type: 'desk', id: 'x' } }, { gate });
      assert.deepEqual([answer.status, answer.json.decision, answer.json.context.reason], [200, false, 'token-invalid'], name);
    }
    assert.equal(await may(await begin(signed('okta', { groups: ['Authors'], _claim_names: { address: 's' } }))), 'read write', 'what nobody reads may be elsewhere');
  });

  it('are named on the command line', async () => {
    putPolicy(pdp.policies, 'dev.yaml', `
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: dev }
spec: { issuer: "http://127.0.0.1/portreeve-dev", audiences: [portreeve], algorithms: [EdDSA], jwks: { file: dev.json }, claims: { groups: groups } }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: dev-authors }
spec: { roles: [author, approver], subjects: [{ issuer: dev, group: /authors }] }
`);
    await pdp.stop();
    await pdp.start();
    const token = (...more) => run(program('portreeve'), ['token', '--data', pdp.data, '--sub', 'rita', '--group', '/authors', '--exchange', pdp.url, '--json', ...more]);
    const made = await token('--role', 'author');
    assert.equal(made.code, 0, made.stderr);
    const { session_id: id, access_token: session, scope } = JSON.parse(made.stdout);
    assert.equal(scope, 'author');
    assert.equal(await may({ id, token: session }), 'read write');
    const both = await token('--role', 'author', '--role', 'approver');
    assert.notEqual(both.code, 0);
    assert.match(both.stderr, /invalid_scope.*who-writes-does-not-approve/);
  });
});
