// No decision goes unrecorded: a PDP that is killed, one that is watched by strace, one whose disk fails.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { forge, makeKeys } from './support/issuer.mjs';
import { readJournal } from './support/journal.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { access, mayRead } from './support/policies.mjs';
import { dice, eventually, makeFolder, program, run } from './support/processes.mjs';
import { postJson } from './support/requests.mjs';

// A PDP that lets gates on loopback ask, and allows everyone to read documents.
async function makePdp(name) {
  const pdp = new Pdp(makeFolder(name), { flags: ['--dev'] });
  putPolicy(pdp.policies, 'policies.yaml', access('read', 'allow'));
  await pdp.start();
  return pdp;
}

const gone = (error) => ['ECONNRESET', 'ECONNREFUSED', 'EPIPE'].includes(error.code);

// `clients` kept connections ask one question after another until the PDP is gone; `answered` gets the id of each answer.
function load(pdp, clients, answered) {
  const client = async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (;;) {
        const answer = await pdp.ask(mayRead(`${answered.length}`), { agent });
        assert.equal(answer.status, 200, answer.text);
        answered.push(answer.json.context.id);
      }
    } catch (error) {
      if (!gone(error)) throw error;
    } finally {
      agent.destroy();
    }
  };
  return Promise.all(Array.from({ length: clients }, client));
}

// The same of a gate that reports refusals, its sequence numbers going on from the last that was acknowledged.
async function reportLoad(pdp, gate) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (;;) {
      const records = Array.from({ length: 5 }, (_, i) => refusal(gate.acknowledged + 1 + i));
      const answer = await postJson(`${pdp.url}/v1/outcomes`, { boot: gate.boot, records }, { agent });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.acknowledged, gate.acknowledged + 5);
      gate.acknowledged = answer.json.acknowledged;
    }
  } catch (error) {
    if (!gone(error)) throw error;
  } finally {
    agent.destroy();
  }
}
const refusal = (seq) => ({ seq, kind: 'refusal', time: '2026-01-01T00:00:00Z', reason: 'pdp-unavailable', action: 'egress.connect', host: 'a.example.org', port: 443 });

const tests = { concurrency: false };

describe('a PDP that is killed', tests, () => {
  it('has all that it answered for in its log, once, whenever it is killed: decisions, and what gates report', async (t) => {
    const seed = Number(process.env.PORTREEVE_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`PORTREEVE_SEED=${seed}`);
    const random = dice(seed);
    const pdp = await makePdp('killed');
    const answered = [];
    const gates = ['a', 'b'].map((digit) => ({ boot: digit.repeat(32), acknowledged: 0 }));
    for (let round = 0; round < 5; ++round) {
      const killAfter = answered.length + 1 + Math.floor(random() * 400);
      const over = Promise.all([load(pdp, 32, answered), ...gates.map((gate) => reportLoad(pdp, gate))]);
      await eventually('enough answers', () => answered.length >= killAfter, { every: 1 });
      await pdp.stop('SIGKILL');
      await over;
      await pdp.start();
      const logged = (await pdp.records('--kind', 'decision')).map((record) => record.id);
      const known = new Set(logged);
      assert.equal(known.size, logged.length, 'no decision stands twice');
      assert.deepEqual(answered.filter((id) => !known.has(id)), [], `lost after kill ${round}, seed ${seed}`);
      // A gate that had no answer delivers again, from before the last that was acknowledged.
      for (const gate of gates) {
        const from = Math.max(1, gate.acknowledged - 3);
        const again = await postJson(`${pdp.url}/v1/outcomes`, { boot: gate.boot, records: Array.from({ length: 20 }, (_, i) => refusal(from + i)) });
        gate.acknowledged = again.json.acknowledged;
        const stored = (await pdp.records('--kind', 'refusal')).filter((record) => record.boot === gate.boot).map((record) => record.seq);
        assert.deepEqual(stored.sort((a, b) => a - b), Array.from({ length: gate.acknowledged }, (_, i) => i + 1), 'each once, and none is missing');
      }
    }
    await pdp.stop();
    // The index is made anew from the journal, and says the same.
    const records = await pdp.records('--kind', 'decision');
    await pdp.reindex();
    assert.deepEqual(await pdp.records('--kind', 'decision'), records);
    // And an independent reader of the journal's bytes finds the same records.
    const read = readJournal(join(pdp.data, 'journal')).map((text) => JSON.parse(text));
    assert.deepEqual(new Map(read.filter(({ kind }) => kind === 'decision').map((record) => [record.id, record])), new Map(records.map((record) => [record.id, record])));
    const numbers = records.map((record) => `${record.source.boot} ${record.seq}`);
    assert.equal(new Set(numbers).size, numbers.length, 'no sequence number of a run comes twice');
  });
});

describe('what the command line does beside a running PDP', tests, () => {
  it('is seen at once, each time, and takes nothing from the PDP: sessions and gates outlive a kill', async () => {
    const [, , key] = makeKeys('idp');
    const { d, ...open } = key;
    const pdp = new Pdp(makeFolder('beside'));
    putPolicy(pdp.policies, 'keys.json', JSON.stringify({ keys: [open] }));
    putPolicy(pdp.policies, 'policies.yaml', access('read', 'allow').replace(/jwks: .* }/, 'jwks: { file: keys.json } }').concat(`---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec: { rules: [{ id: packages, effect: allow, hosts: [packages.example.org] }] }
`));
    await pdp.start();
    const gates = [];
    const sessions = [];
    for (let i = 0; i < 4; ++i) {
      const gate = await pdp.addGate(`gate-${i}`, 'egress', 'access');
      assert.equal((await pdp.ask(mayRead(), { gate })).status, 200, `gate ${i} is believed as soon as it is made`);
      gates.push(gate);
      const now = Math.floor(Date.now() / 1000);
      const made = await pdp.exchange(forge({ alg: 'EdDSA', kid: key.kid }, { iss: 'https://idp.example.com', aud: 'portreeve', sub: `user-${i}`, iat: now, exp: now + 300 },
        createPrivateKey({ key, format: 'jwk' })));
      assert.equal(made.status, 200, made.text);
      sessions.push(made.json);
    }
    const removed = await run(program('portreeve'), ['pep', 'remove', 'gate-0', '--data', pdp.data]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.equal((await pdp.ask(mayRead(), { gate: gates[0] })).status, 401, 'a removed gate is believed no longer');
    await pdp.stop('SIGKILL');
    await pdp.start();
    assert.deepEqual(await Promise.all(gates.map(async (gate) => (await pdp.ask(mayRead(), { gate })).status)), [401, 200, 200, 200]);
    for (const session of sessions) {
      const answer = await pdp.ask({
        subject: { type: 'session', id: session.session_id, properties: { token: session.access_token } }, action: { name: 'egress.resolve' },
        resource: { type: 'endpoint', id: 'packages.example.org:443', properties: { host: 'packages.example.org', port: 443, protocol: 'tls' } },
      }, { gate: gates[1] });
      assert.deepEqual([answer.json.decision, answer.json.context.reason], [true, 'rule-allow'], 'each session is known');
    }
    await pdp.stop();
  });
});

// The PDP is not dumpable, so that only who has CAP_SYS_PTRACE over it sees which file a call is about.
const strace = [...(process.getuid() === 0 ? [] : ['unshare', '--user', '--map-root-user']), 'strace', '-f', '-qq'];

// What `strace -f -ttt -yy` wrote, as calls in the order in which they were finished, with the order in which they began.
function readTrace(text) {
  const calls = [];
  const begun = new Map();
  let at = 0;
  for (const line of text.split('\n')) {
    const match = /^(\d+) +(.*)$/.exec(line);
    if (!match) continue;
    const [, thread, rest] = match;
    ++at;
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    if (unfinished) {
      begun.set(thread, { start: at, text: unfinished[1] });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const start = resumed ? begun.get(thread)?.start : at;
    const whole = resumed ? (begun.get(thread)?.text ?? '') + resumed[1] : rest;
    begun.delete(thread);
    const call = /^(\w+)\((\d+)<(.*?)>[,)]/.exec(whole);
    if (!call) continue;
    const result = / = (-?\d+)[^=]*$/.exec(whole);
    calls.push({ name: call[1], file: call[3], text: whole, start, end: at, result: result ? Number(result[1]) : NaN });
  }
  return calls;
}

describe('a PDP that is watched', tests, () => {
  it('lets no answer leave before a sync that covers its record is over', async () => {
    const folder = makeFolder('traced');
    const trace = join(folder, 'trace');
    const pdp = new Pdp(folder, { flags: ['--dev'], under: [
      ...strace, '-yy', '-s', '65536', '-o', trace, '-e', 'trace=write,writev,pwrite64,pwritev,send,sendto,sendmsg,fdatasync,fsync'] });
    putPolicy(pdp.policies, 'policies.yaml', access('read', 'allow'));
    await pdp.start();
    const answered = [];
    const over = load(pdp, 8, answered);
    await eventually('enough answers', () => answered.length >= 200, { within: 60_000 });
    await Promise.all([over, pdp.stop()]);

    const calls = readTrace(readFileSync(trace, 'utf8'));
    const isJournal = (call) => call.file.includes('/data/journal/') && call.result >= 0;
    const writes = calls.filter((call) => isJournal(call) && /write/.test(call.name));
    const syncs = calls.filter((call) => isJournal(call) && /sync/.test(call.name));
    assert.ok(syncs.length > 0 && writes.length > 0, 'the trace shows the journal');
    const answers = new Map();
    for (const call of calls) {
      if (!/TCP|UNIX|socket/i.test(call.file)) continue;
      for (const [, id] of call.text.matchAll(/\\"id\\":\\"(dec_[0-9A-Z]{26})\\"/g)) if (!answers.has(id)) answers.set(id, call);
    }
    assert.ok(answers.size >= answered.length, `the trace shows the ${answered.length} answers (${answers.size})`);
    const written = new Map();
    for (const call of writes) {
      for (const [, id] of call.text.matchAll(/(dec_[0-9A-Z]{26})/g)) if (!written.has(id)) written.set(id, call);
    }
    for (const id of answered) {
      const write = written.get(id);
      assert.ok(write, `${id} was written to the journal`);
      const sync = syncs.find((call) => call.start > write.end && call.file === write.file && call.end < answers.get(id).start);
      assert.ok(sync, `between the write of ${id} (line ${write.end}) and its answer (line ${answers.get(id).start}) a sync of ${write.file} began and was over`);
    }
    assert.ok(syncs.length < answered.length, `one sync covers many: ${syncs.length} for ${answered.length}`);
  });
});

describe('a PDP whose disk fails', tests, () => {
  for (const { call, error } of [
    { call: 'fdatasync', error: 'EIO' }, { call: 'fdatasync', error: 'ENOSPC' }, { call: 'pwrite64', error: 'ENOSPC' }, { call: 'pwrite64', error: 'EIO' },
  ]) {
    it(`by ${error} at ${call} allows nothing from then on, says why, and has lost nothing`, async () => {
      const folder = makeFolder(`failing-${call}-${error}`);
      const trace = join(folder, 'trace');
      const pdp = new Pdp(folder, { flags: ['--dev'], under: [
        ...strace, '-o', trace, '-e', `trace=${call}`, '-P', join(folder, 'data/journal/00000000000000000000.seg'),
        '-e', `inject=${call}:error=${error}:when=20+`] });
      putPolicy(pdp.policies, 'policies.yaml', access('read', 'allow'));
      await pdp.start();
      const answered = [];
      // Each client goes on until it was refused five times in a row.
      await Promise.all(Array.from({ length: 8 }, async () => {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        for (let refused = 0; refused < 5;) {
          const answer = await pdp.ask(mayRead(), { agent });
          if (answer.status === 200) {
            assert.equal(refused, 0, 'no answer after a refusal');
            answered.push(answer.json.context.id);
            assert.ok(answered.length < 20_000, 'the disk fails at some time');
          } else {
            assert.deepEqual([answer.status, answer.json.type, answer.json.decision], [503, 'urn:portreeve:problem:audit-unavailable', undefined], answer.text);
            ++refused;
          }
        }
        agent.destroy();
      }));
      assert.match(readFileSync(trace, 'utf8'), new RegExp(`${error}.*INJECTED`));
      assert.ok(answered.length > 0, 'it worked before');

      // Whatever is asked now, however it is asked: no.
      const single = await pdp.ask(mayRead());
      const batch = await postJson(`${pdp.url}/access/v1/evaluations`, { ...mayRead(), evaluations: [{}, {}] });
      const report = await postJson(`${pdp.url}/v1/outcomes`, { boot: '0'.repeat(32), records: [
        { seq: 1, kind: 'refusal', time: '2026-01-01T00:00:00Z', reason: 'pdp-unavailable', host: 'example.org', port: 443 }] });
      assert.deepEqual([single, batch, report].map((answer) => [answer.status, answer.json.type]), Array(3).fill([503, 'urn:portreeve:problem:audit-unavailable']));
      const why = await eventually('readiness to say so', () => pdp.unready());
      assert.match(why, /journal/);
      assert.match(why, error === 'EIO' ? /Input\/output error/ : /No space left on device/);

      // With the disk well again, after a restart: everything that was answered is there, and there are answers again.
      await pdp.stop();
      pdp.under = [];
      await pdp.start();
      assert.equal((await pdp.ask(mayRead())).json.decision, true);
      const logged = (await pdp.records('--kind', 'decision')).map((record) => record.id);
      assert.equal(new Set(logged).size, logged.length);
      assert.deepEqual(answered.filter((id) => !logged.includes(id)), []);
      await pdp.stop();
    });
  }
});
