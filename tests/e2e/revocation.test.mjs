// A session that is cut ends everywhere: what it has open, what it is about to open, and what it was allowed before.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { Issuer, makeKeys } from './support/issuer.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { decisionPath } from './support/policies.mjs';
import { eventually, freePort, makeFolder } from './support/processes.mjs';
import { postJson, request } from './support/requests.mjs';
import { Egress, World } from './support/world.mjs';

const host = 'packages.example.org';
const zone = `${host} A 23.0.0.10\ngit.example.org A 23.0.0.10\n`;

describe('a session that is cut', () => {
  const folder = makeFolder('revocation');
  const issuer = new Issuer(makeKeys('first'));
  const world = new World(join(folder, 'world'));
  const pdp = new Pdp(folder, { flags: ['--socket-peer', `${process.getuid()}=egress-e2e:egress`] });
  let egress;
  let orchestrator;  // a credential that may bind, end and revoke sessions, and nothing else
  let stranger;  // another egress gate's

  const asOrchestrator = (path, body, type) => request(`${pdp.url}${path}`, {
    method: 'POST', body, headers: { 'Content-Type': type, Authorization: `Bearer ${orchestrator}` } });
  async function signIn() {
    const answer = await pdp.exchange(await issuer.accessToken('rita'));
    assert.equal(answer.status, 200, answer.text);
    return { token: answer.json.access_token, id: answer.json.session_id };
  }
  const revoke = async (session) => {
    const answer = await asOrchestrator('/v1/revoke', new URLSearchParams({ token: session.token }).toString(), 'application/x-www-form-urlencoded');
    assert.equal(answer.status, 200, answer.text);
    return performance.now();
  };
  const tell = async (session, what, body = {}) => {
    const answer = await asOrchestrator(`/v1/sessions/${session.id}/${what}`, JSON.stringify(body), 'application/json');
    assert.equal(answer.status, 200, answer.text);
    return performance.now();
  };
  // A tunnel with TLS up to the origin in it: {decision, closed: when}.
  async function open(session, { from } = {}) {
    const options = from ? { socket: net.connect({ port: egress.port, host: egress.host, localAddress: from }) } : {};
    const answer = await egress.connect(`${host}:443`, session?.token, options);
    assert.equal(answer.status, 200, JSON.stringify(answer));
    const stream = tls.connect({ socket: answer.socket, servername: host, ca: readFileSync(world.authority) });
    await new Promise((resolve, reject) => stream.once('secureConnect', resolve).once('error', reject));
    const closed = new Promise((resolve) => answer.socket.once('close', () => resolve(performance.now())));
    stream.on('error', () => {});  // a cut may be a reset
    return { decision: answer.headers['x-decision-id'], closed, socket: answer.socket };
  }
  const refusal = async (session, options) => {
    const answer = await egress.connect(`${host}:443`, session?.token, options);
    answer.socket?.destroy();
    return [answer.status, answer.headers['x-deny-reason']];
  };
  const outcomes = async (decision) => (await pdp.records('--kind', 'outcome')).filter((record) => record.decisionId === decision);
  const outcome = (decision) => eventually(`the outcome of ${decision}`, async () => (await outcomes(decision))[0]);

  before(async () => {
    await issuer.start();
    putPolicy(pdp.policies, 'policies.yaml', decisionPath(issuer.url));
    await Promise.all([pdp.start(), world.start(zone, [host, 'git.example.org'])]);
    orchestrator = await pdp.addGate('orchestrator', 'sessions');
    stranger = await pdp.addGate('egress-other', 'egress');
    egress = new Egress(folder, world, pdp.socket, await freePort());
    await egress.start(['--source-sessions', '--threads', '1']);  // one, so that all go by the answers that it keeps
  });
  after(async () => {
    await egress?.stop();
    await Promise.all([pdp.process?.stop(), world.process?.stop(), issuer.stop()]);
  });

  it('by revoking its token loses its open tunnel, and gets no other', async (t) => {
    const session = await signIn();
    const other = await open(await signIn());
    const tunnel = await open(session);
    const answered = await revoke(session);
    t.diagnostic(`from the answer to the cut: ${((await tunnel.closed) - answered).toFixed(1)} ms`);
    const record = await outcome(tunnel.decision);
    assert.deepEqual([record.result, record.reason], ['closed', 'revoked']);
    assert.deepEqual(await refusal(session), [403, 'session-revoked']);
    assert.equal(other.socket.destroyed, false, 'the tunnel of another session stands');
    other.socket.destroy();
  });

  it('by its end loses it as well', async () => {
    const session = await signIn();
    const tunnel = await open(session);
    await tell(session, 'end');
    await tunnel.closed;
    assert.equal((await outcome(tunnel.decision)).reason, 'revoked');
    assert.deepEqual(await refusal(session), [403, 'session-ended']);
  });

  it('and known by its address alone, loses it too', async () => {
    const session = await signIn();
    await tell(session, 'bind', { addresses: ['127.0.0.2'] });
    assert.deepEqual(await refusal(undefined), [407, 'session-unknown'], 'an address that is nobody\'s is asked for a token');
    assert.deepEqual(await refusal(session), [403, 'source-mismatch'], 'its token is no good from elsewhere');
    const tunnel = await open(undefined, { from: '127.0.0.2' });
    const record = (await pdp.records('--kind', 'decision')).find((each) => each.id === tunnel.decision);
    assert.equal(record.session, session.id);
    await tell(session, 'end');
    await tunnel.closed;
    assert.equal((await outcome(tunnel.decision)).reason, 'revoked');
  });

  it('goes by no answer that was kept', async () => {
    const session = await signIn();
    const first = await open(session);
    const again = await open(session);
    assert.equal(again.decision, first.decision, 'the second tunnel goes by the answer to the first');
    await eventually('the use of it being on record', async () =>
      (await pdp.records('--kind', 'use')).some((record) => record.decisionId === first.decision));
    await revoke(session);
    await Promise.all([first.closed, again.closed]);
    assert.deepEqual(await refusal(session), [403, 'session-revoked']);
    await eventually('both outcomes', async () => (await outcomes(first.decision)).filter((record) => record.reason === 'revoked').length === 2);
  });

  it('while it asks for sixty tunnels is left with none', async () => {
    const session = await signIn();
    const asked = Array.from({ length: 60 }, () => egress.connect(`${host}:443`, session.token).catch(() => ({ status: 0 })));
    await Promise.race(asked);
    await revoke(session);
    const opened = (await Promise.all(asked)).filter((answer) => answer.status === 200);
    await Promise.all(opened.map(({ socket }) => new Promise((resolve) => {
      if (socket.closed) resolve();
      else socket.on('error', () => {}).resume().once('close', resolve);
    })));
    assert.deepEqual(await refusal(session), [403, 'session-revoked']);
  });

  it('is cut after the PDP was killed and came back', async () => {
    const [session, lost] = [await signIn(), await signIn()];
    const tunnel = await open(session);
    await revoke(lost);
    await pdp.stop('SIGKILL');
    await pdp.start();
    assert.deepEqual(await refusal(lost), [403, 'session-revoked']);
    await revoke(session);
    await tunnel.closed;
    assert.equal((await outcome(tunnel.decision)).reason, 'revoked');
  });

  it('is cut by its gate alone: another can neither tell of its end nor ask of it', async () => {
    const session = await signIn();
    const tunnel = await open(session);
    const forged = await postJson(`${pdp.url}/v1/outcomes`, {
      boot: randomBytes(16).toString('hex'),
      records: [{ seq: 1, kind: 'outcome', decision: tunnel.decision, time: new Date().toISOString(), result: 'closed', bytesOut: 0, bytesIn: 0 }],
    }, { headers: { Authorization: `Bearer ${stranger}` } });
    assert.equal(forged.status, 200, forged.text);
    assert.deepEqual(forged.json.refused?.map(({ seq }) => seq), [1], forged.text);
    const tried = await request(`${pdp.url}/v1/revoke`, { method: 'POST', body: new URLSearchParams({ token: session.token }).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: `Bearer ${stranger}` } });
    assert.equal(tried.status, 403, tried.text);
    assert.deepEqual(await outcomes(tunnel.decision), []);
    tunnel.socket.destroy();
    assert.equal((await outcome(tunnel.decision)).gate, 'egress-e2e');
  });

  it('where nothing is heard of the PDP, nothing new starts, and in the end nothing is left open', async (t) => {
    const session = await signIn();
    const tunnel = await open(session);
    process.kill(pdp.pid, 'SIGSTOP');
    const stopped = performance.now();
    try {
      await eventually('a refusal', async () => (await refusal(session)).join() === '503,pdp-unavailable');
      t.diagnostic(`nothing new after ${((performance.now() - stopped) / 1000).toFixed(1)} s`);
      assert.equal(tunnel.socket.destroyed, false, 'what is open goes on for a while');
      await tunnel.closed;
      t.diagnostic(`all cut after ${((performance.now() - stopped) / 1000).toFixed(1)} s`);
    } finally {
      process.kill(pdp.pid, 'SIGCONT');
    }
    await eventually('the outcome of it', async () => (await outcomes(tunnel.decision)).some((record) => record.reason === 'pdp-unavailable'));
    await eventually('tunnels being opened again', async () => (await refusal(session))[0] === 200);
  });
});
