// A session's life over the decision listener: made, renewed, bound, ended, revoked, and told of to every gate.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Events } from './support/events.mjs';
import { forge, makeKeys } from './support/issuer.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { decisionPath } from './support/policies.mjs';
import { makeFolder } from './support/processes.mjs';
import { postJson, request } from './support/requests.mjs';
import { createPrivateKey } from 'node:crypto';

const issuer = 'https://idp.example.com';

describe('sessions', { concurrency: false }, () => {
  const [, , key] = makeKeys('idp');
  const { d, ...open } = key;
  const pdp = new Pdp(makeFolder('sessions'), { flags: ['--name', 'pdp-e2e'] });
  let gate, orchestrator, host, broker;

  const idToken = (sub) => forge({ alg: 'EdDSA', kid: key.kid, typ: 'JWT' },
    { iss: issuer, aud: 'portreeve', sub, groups: ['/agents/research'], tenant: 'acme', iat: now(), exp: now() + 600 },
    createPrivateKey({ key, format: 'jwk' }));
  const now = () => Math.floor(Date.now() / 1000);
  const as = (credential) => ({ headers: { Authorization: `Bearer ${credential}` } });
  const act = (id, action, body = {}, credential = orchestrator) => postJson(`${pdp.url}/v1/sessions/${id}/${action}`, body, as(credential));
  const form = (path, fields, credential) => request(`${pdp.url}${path}`, {
    method: 'POST', body: new URLSearchParams(fields).toString(),
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Bearer ${credential}` },
  });
  const get = (path, credential = orchestrator, headers = {}) => request(`${pdp.url}${path}`, { headers: { Authorization: `Bearer ${credential}`, ...headers } });
  // A new session of the account.
  async function begin(sub = 'rita') {
    const answer = await pdp.exchange(idToken(sub));
    assert.equal(answer.status, 200, answer.text);
    return { id: answer.json.session_id, token: answer.json.access_token };
  }
  async function reason(subject, source, credential = gate) {
    const answer = await pdp.ask({
      subject, action: { name: 'egress.connect' }, ...(source ? { context: { source } } : {}),
      resource: { type: 'endpoint', id: 'packages.example.org:443', properties: { protocol: 'connect', addresses: ['23.0.0.10'] } },
    }, { gate: credential });
    assert.equal(answer.status, 200, answer.text);
    return answer.json.context.reason;
  }
  const byToken = ({ id, token }) => ({ type: 'session', id, properties: { token } });

  before(async () => {
    putPolicy(pdp.policies, 'keys.json', JSON.stringify({ keys: [open] }));
    putPolicy(pdp.policies, 'policies.yaml', decisionPath(issuer).replace('jwks: discovery', 'jwks: { file: keys.json }'));
    await pdp.start();
    gate = await pdp.addGate('egress-1', 'egress');
    host = await pdp.addGate('host', 'execution');
    broker = await pdp.addGate('broker', 'secrets');
    orchestrator = await pdp.addGate('orchestrator', 'sessions');
  });
  after(() => pdp.process?.stop());

  it('are made, read, renewed, bound to addresses and ended', async () => {
    const session = await begin();
    assert.equal(await reason(byToken(session)), 'rule-allow');
    const read = await get(`/v1/sessions/${session.id}`);
    assert.deepEqual([read.json.state, read.json.subject, read.json.tenant, read.json.addresses], ['live', 'idp/rita', 'acme', []]);

    const renewed = await act(session.id, 'renew');
    assert.notEqual(renewed.json.access_token, session.token);
    assert.equal(renewed.json.session_id, session.id);
    assert.equal(await reason(byToken({ id: session.id, token: renewed.json.access_token })), 'rule-allow');

    assert.deepEqual((await act(session.id, 'bind', { addresses: ['fd00::3', '10.1.2.3'] })).json.addresses, ['10.1.2.3', 'fd00::3']);
    assert.equal(await reason(byToken(session), '10.1.2.3'), 'rule-allow');
    assert.equal(await reason(byToken(session), '10.1.2.4'), 'source-mismatch', 'a token used from another sandbox');
    assert.equal(await reason(byToken(session)), 'source-mismatch');
    assert.equal(await reason({ type: 'address', id: 'fd00::3' }), 'rule-allow');
    assert.equal(await reason({ type: 'address', id: '10.1.2.4' }), 'session-unknown');

    const other = await begin('ada');
    const taken = await act(other.id, 'bind', { addresses: ['10.1.2.3'] });
    assert.deepEqual([taken.status, taken.json.type], [409, 'urn:portreeve:problem:address-bound']);

    const ended = await act(session.id, 'end', { reason: 'done' });
    assert.equal(ended.json.state, 'ended');
    assert.equal(await reason(byToken(session), '10.1.2.3'), 'session-ended');
    assert.equal(await reason({ type: 'address', id: '10.1.2.3' }), 'session-ended');
    assert.equal((await act(session.id, 'renew')).json.type, 'urn:portreeve:problem:session-not-live');
    assert.equal((await act(other.id, 'bind', { addresses: ['10.1.2.3'] })).status, 200, 'its address is free');
    assert.equal(await reason({ type: 'address', id: '10.1.2.3' }), 'rule-allow');

    const listed = await get('/v1/sessions?subject=idp%2Frita&state=ended');
    assert.deepEqual(listed.json.sessions.map(({ id }) => id), [session.id]);
  });

  it('are revoked by a token of theirs, and introspected', async () => {
    const session = await begin();
    const introspect = async () => (await form('/v1/introspect', { token: session.token }, broker)).json;
    assert.deepEqual({ ...await introspect(), iat: 0, exp: 0 }, { active: true, aud: 'portreeve', exp: 0, iat: 0, iss: 'portreeve', sid: session.id, sub: 'idp/rita', tenant: 'acme', token_type: 'Bearer' });
    assert.equal((await form('/v1/revoke', { token: session.token }, gate)).status, 403);
    assert.equal(await reason(byToken(session)), 'rule-allow');
    const revoked = await form('/v1/revoke', { token: session.token, token_type_hint: 'access_token' }, orchestrator);
    assert.equal(revoked.status, 200);
    assert.equal(await reason(byToken(session)), 'session-revoked');
    assert.deepEqual(await introspect(), { active: false });
    assert.equal((await form('/v1/revoke', { token: 'nobody' }, orchestrator)).status, 200);
  });

  it('are told of to every gate, from where it left off', async () => {
    const ears = [gate, broker, host, orchestrator].map((credential) => new Events(pdp.url, credential));
    const hellos = await Promise.all(ears.map((ear) => ear.hello()));
    const { event, revision, pdp: name } = hellos[0].data;
    assert.match(revision, /^sha256:[0-9a-f]{64}$/);
    assert.equal(name, 'pdp-e2e');
    const [one, two, three] = [await begin(), await begin(), await begin()];
    await act(one.id, 'end', { reason: 'done' });
    await form('/v1/revoke', { token: two.token }, orchestrator);
    for (const ear of ears) {
      const told = await ear.cutOf(two.id);
      assert.deepEqual([told.id, told.data.kind], [`${event + 2}`, 'session']);
      assert.deepEqual(ear.told, [`hello ${event}`, `revocation ${event + 1} end`, `revocation ${event + 2} session`]);
      await ear.heard('a heartbeat that names the last event', (message) => message.event === 'heartbeat' && message.data.event === event + 2);
    }
    ears[0].close();
    await form('/v1/revoke', { token: three.token }, orchestrator);
    const again = new Events(pdp.url, gate, event + 1);
    await again.cutOf(three.id);
    assert.deepEqual(again.told, [`hello ${event + 3}`, `revocation ${event + 2} session`, `revocation ${event + 3} session`]);
    const lost = new Events(pdp.url, gate, event + 1000);
    await lost.cutOf(three.id);
    assert.deepEqual(lost.told, [`hello ${event + 3}`, `reset ${event + 3}`, `revocation ${event + 3} session`]);
    const { data: { sessions } } = lost.messages.find((message) => message.event === 'revocation');
    for (const { id } of [one, two, three]) assert.ok(sessions.includes(id));
    for (const ear of [...ears, again, lost]) ear.close();
  });

  it('have a supervisor that is a gate of its own session and of nothing else; a workload is no gate', async () => {
    const [session, other] = [await begin(), await begin('ada')];
    const supervisor = (await act(session.id, 'renew', { audience: 'portreeve-supervisor' })).json.access_token;
    const exec = (id, credential) => pdp.ask({ subject: { type: 'session', id }, action: { name: 'process.exec' }, resource: { type: 'program', id: '/bin/true' } }, { gate: credential });
    const own = await exec(session.id, supervisor);
    assert.deepEqual([own.status, own.json.context.reason, own.json.context.session.id], [200, 'default-deny', session.id]);
    assert.equal((await exec(other.id, supervisor)).status, 403);
    assert.equal((await exec(session.id, host)).json.context.reason, 'token-missing', 'a gate that merely names it');
    for (const path of ['/v1/secrets', '/v1/sessions', `/v1/sessions/${session.id}`]) assert.equal((await get(path, supervisor)).status, 403);
    assert.equal((await act(session.id, 'renew', {}, supervisor)).status, 403);
    assert.equal(await reason({ type: 'session', id: session.id, properties: { token: supervisor } }), 'token-invalid');

    for (const path of ['/v1/events', '/v1/secrets', '/v1/sessions']) assert.equal((await get(path, session.token)).status, 401);
    assert.equal((await exec(session.id, session.token)).status, 401);
    assert.equal((await act(session.id, 'end', {}, session.token)).status, 401);
    assert.equal((await form('/v1/introspect', { token: session.token }, session.token)).status, 401);

    const ear = new Events(pdp.url, supervisor);
    const { data: { event } } = await ear.hello();
    await form('/v1/revoke', { token: other.token }, orchestrator);
    await form('/v1/revoke', { token: session.token }, orchestrator);
    await ear.cutOf(session.id);
    assert.deepEqual(ear.told, [`hello ${event}`, `revocation ${event + 2} session`]);
    ear.close();
    const after = await exec(session.id, supervisor);
    assert.equal(after.json.context.reason, 'session-revoked');
    assert.ok(after.json.context.event >= event + 2, 'the answer has taken the revocation into account');
  });

  it('stay revoked when the PDP is killed right after its answer; events go on where they were', async () => {
    const ear = new Events(pdp.url, gate);
    const { data: { event } } = await ear.hello();
    let last = event;
    for (let round = 0; round < 3; ++round) {
      const session = await begin();
      await act(session.id, 'bind', { addresses: ['10.9.9.9'] });
      const revoked = await form('/v1/revoke', { token: session.token }, orchestrator);
      await pdp.stop('SIGKILL');
      assert.ok(revoked.json.event > last, 'numbers rise');
      last = revoked.json.event;
      await pdp.start();
      assert.equal(await reason(byToken(session), '10.9.9.9'), 'session-revoked');
      assert.equal(await reason({ type: 'address', id: '10.9.9.9' }), 'session-revoked');
      const resumed = new Events(pdp.url, gate, last - 1);
      assert.equal((await resumed.cutOf(session.id)).id, `${last}`);
      // The start activated the policies anew, and every gate hears of that too.
      const activation = await resumed.heard('the activation', (message) => message.event === 'activation');
      assert.ok(activation.data.event > last);
      last = activation.data.event;
      resumed.close();
    }
    assert.ok(ear.closed);
  });

  it('hear of a new policy revision', async () => {
    const ear = new Events(pdp.url, gate);
    await ear.hello();
    const text = decisionPath(issuer).replace('jwks: discovery', 'jwks: { file: keys.json }');
    putPolicy(pdp.policies, 'policies.yaml', text.replace('[packages.example.org]', '[elsewhere.example.org]'));
    const { data } = await ear.heard('the activation', ({ event }) => event === 'activation');
    const session = await begin();
    const answer = await pdp.ask({ subject: byToken(session), action: { name: 'egress.resolve' }, resource: { type: 'endpoint', id: 'packages.example.org:443', properties: { protocol: 'connect' } } }, { gate });
    assert.deepEqual([answer.json.context.revision, answer.json.context.reason], [data.revision, 'default-deny']);
    assert.ok(answer.json.context.event >= data.event);
    ear.close();
  });

  it('are ended and bound on the record', async () => {
    const actions = (await pdp.records('--kind', 'admin')).map(({ actor, action }) => `${actor} ${action}`);
    for (const action of ['orchestrator session.end', 'orchestrator session.bind', 'orchestrator session.revoke', 'pdp policy.activate']) {
      assert.ok(actions.includes(action), action);
    }
  });
});
