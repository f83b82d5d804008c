// portreeve-accounting from outside: who may post and read, what is counted, and that nothing is lost or counted twice
// whoever is killed.
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, connect } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dice, eventually, makeFolder, program, Program, run, sourceFolder } from './support/processes.mjs';

const prices = join(sourceFolder, 'accounting/prices/sample.yaml');
const feeder = join(dirname(process.env.PORTREEVE_BIN ?? ''), 'tests/pep/usage/usage_feeder');

class Accounting {
  constructor(folder, flags = []) {
    this.data = join(folder, 'accounting');
    this.flags = flags;
    this.port = 0;
  }
  async start() {
    this.process = new Program(program('portreeve-accounting'),
      ['--data', this.data, '--listen', `127.0.0.1:${this.port}`, ...this.flags]);
    this.url = /accounting=(http:\S+)/.exec(await this.process.ready())[1];
    this.port = Number(new URL(this.url).port);
    return this;
  }
  stop(signal = 'SIGTERM') {
    if (!this.process.hasEnded) process.kill(this.process.pid, signal);
    return this.process.ended;
  }
  key(name) { return readFileSync(join(this.data, 'keys', name), 'utf8').trim(); }
  async ask(path, { method = 'GET', body, token, headers = {} } = {}) {
    const answer = await fetch(this.url + path, {
      method, headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    let json;
    try { json = JSON.parse(text); } catch { /* not JSON */ }
    return { status: answer.status, headers: answer.headers, text, json };
  }
  post(path, body) { return this.ask(path, { method: 'POST', body, token: this.key('writer') }); }
  read(path) { return this.ask(path, { token: this.key('reader') }); }
}

const boot = 'a'.repeat(32);
function event(seq, call, kind, more = {}) {
  return {
    seq, key: `${boot}-${call}`, kind, time: '2026-11-25T08:00:00.000Z', gate: 'broker', decision: `dec_${call}`,
    session: 'ses_1', subject: 'keycloak/rita', tenant: 'acme', secret: 'llm/anthropic', provider: 'anthropic',
    api: 'anthropic.messages', model: 'parrot-1', stream: false,
    ...(kind === 'completion' ? {
      responseId: `msg_0123456789abcdef${call}`, status: 200, outcome: 'completed', certainty: 'reported', durationMs: 12,
      counters: { input: 1_000_000, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, inputAudio: 0, output: 100_000, reasoning: 0, outputAudio: 0 },
    } : {}),
    ...more,
  };
}
const batch = (...events) => ({ gate: 'broker', boot, events });

describe('accounting', () => {
  let accounting;
  before(async () => {
    accounting = await new Accounting(makeFolder('accounting'), ['--prices', prices, '--console-origin', 'https://console.example.org']).start();
  });
  after(() => accounting.stop());

  it('makes two credentials that only its user can read, each good for one thing', async () => {
    for (const name of ['writer', 'reader']) {
      assert.equal(statSync(join(accounting.data, 'keys', name)).mode & 0o777, 0o600);
      assert.match(accounting.key(name), /^acc_[\w-]{43}$/);
    }
    assert.equal(statSync(join(accounting.data, 'usage.sqlite')).mode & 0o777, 0o600);
    for (const token of [undefined, '', 'acc_wrong', accounting.key('reader')]) {
      assert.equal((await accounting.ask('/v1/usage', { method: 'POST', body: batch(event(1, 1, 'intent')), token })).status, 401);
      assert.equal((await accounting.ask('/v1/litellm', { method: 'POST', body: [], token })).status, 401);
    }
    for (const token of [undefined, 'acc_wrong', accounting.key('writer'), 'a.b.c']) {
      for (const path of ['/v1/usage', '/v1/usage/events', '/v1/usage/events/1']) {
        const answer = await accounting.ask(path, { token });
        assert.equal(answer.status, 401, path);
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
        assert.match(answer.json.type, /^urn:portreeve:problem:token-(missing|invalid)$/);
      }
    }
    assert.equal((await accounting.ask('/healthz')).status, 200);
  });

  it('counts a call once however often it is told of, and prices it exactly', async () => {
    const told = batch(event(1, 1, 'intent'), event(2, 1, 'completion'), event(3, 2, 'intent'));
    for (let i = 0; i < 3; ++i) {
      assert.deepEqual((await accounting.post('/v1/usage', told)).json, { boot, acknowledged: 3 });
    }
    const report = (await accounting.read('/v1/usage?by=model')).json;
    assert.equal(report.totals.calls, 2);
    assert.equal(report.totals.unknown, 1);
    assert.equal(report.totals.input, 1_000_000);
    assert.equal(report.totals.cost, '2.25');  // 1.50 a million in, 7.50 a million out
    assert.deepEqual(report.rows.map((row) => row.key), ['parrot-1']);
  });

  it('drills down from a figure to the events and the decision behind it', async () => {
    const page = (await accounting.read('/v1/usage/events?model=parrot-1&limit=1')).json;
    assert.equal(page.events.length, 1);
    const next = (await accounting.read(`/v1/usage/events?model=parrot-1&limit=1&after=${page.next}`)).json;
    assert.equal(next.next, undefined);
    const [call] = page.events;
    assert.equal(call.decision, 'dec_1');
    assert.equal(call.cost, '2.25');
    assert.equal(call.priceRow, 'stand-in/parrot');
    const digest = `sha256:${(await run('sha256sum', [prices])).stdout.slice(0, 64)}`;
    assert.equal(call.priceBook, digest, 'sha256sum names the price book');
    const whole = (await accounting.read(`/v1/usage/events/${call.id}`)).json;
    assert.deepEqual(whole.accounts.map((one) => [one.event.kind, one.standing]), [['intent', 'counted'], ['completion', 'counted']]);
    assert.equal((await accounting.read('/v1/usage/events/999999')).status, 404);
  });

  it('takes LiteLLM behind the broker for the same call, and keeps a differing figure as a dispute', async () => {
    const payload = (call, prompt) => ({
      id: `msg_0123456789abcdef${call}`, custom_llm_provider: 'anthropic', model: 'parrot-1', call_type: 'acompletion', status: 'success',
      startTime: 1780000000.5, endTime: 1780000001, prompt_tokens: prompt, completion_tokens: 100_000, response_cost: 0.1,
      messages: [{ role: 'user', content: 'SECRET-PROMPT \ud800' }], metadata: {},
    });
    assert.equal((await accounting.post('/v1/litellm', payload(1, 1_000_000))).json.taken, 1);
    let totals = (await accounting.read('/v1/usage')).json.totals;
    assert.deepEqual([totals.calls, totals.disputed], [2, 0]);
    await accounting.post('/v1/usage', batch(event(4, 2, 'completion')));
    const lines = [payload(2, 999_999), payload(9, 5)].map((one) => JSON.stringify(one)).join('\n');
    assert.equal((await accounting.post('/v1/litellm', lines)).json.taken, 2);
    totals = (await accounting.read('/v1/usage')).json.totals;
    assert.deepEqual([totals.calls, totals.disputed, totals.cost], [3, 1, '5.2500075']);
    for (const file of ['usage.sqlite', 'usage.sqlite-wal']) {
      const path = join(accounting.data, file);
      if (existsSync(path)) assert.ok(!readFileSync(path, 'latin1').includes('SECRET-PROMPT'), 'prompts are never stored');
    }
  });

  it('says where a body is wrong, and stores none of it', async () => {
    const before = (await accounting.read('/v1/usage')).json.totals;
    for (const [body, field] of [['', undefined], ['{', undefined], ['[]', '/'], [batch(), '/events'],
      [batch(event(8, 8, 'intent'), event(9, 8, 'completion', { status: -1 })), '/events/1'],
      [batch(event(8, 8, 'intent', { prompt: 'x' })), '/events/0'],
      [batch(event(8, 8, 'intent', { key: `${'b'.repeat(32)}-8` })), '/events/0/key']]) {
      const answer = await accounting.post('/v1/usage', body);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(answer.json.type, 'urn:portreeve:problem:usage-invalid');
      assert.equal(answer.json.field, field);
    }
    assert.equal((await accounting.post('/v1/usage', 'x'.repeat(9 << 20))).status, 413);
    assert.equal((await accounting.ask('/v1/nothing', { token: accounting.key('reader') })).status, 404);
    assert.deepEqual((await accounting.read('/v1/usage')).json.totals, before);
    assert.equal((await accounting.read('/v1/usage?colour=red')).status, 400);
  });

  it('does not read the body of who may not post', async () => {
    const socket = connect(accounting.port, '127.0.0.1');
    socket.write(`POST /v1/litellm HTTP/1.1\r\nHost: x\r\nContent-Length: ${30 << 20}\r\n\r\n`);
    const answer = await new Promise((resolve) => socket.once('data', resolve));
    assert.match(answer.toString(), /^HTTP\/1.1 401 /);
    socket.destroy();
  });

  it('lets one console origin read, by its preflight too', async () => {
    const origin = 'https://console.example.org';
    const preflight = await accounting.ask('/v1/usage', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), origin);
    assert.equal(preflight.headers.get('access-control-allow-headers'), 'Authorization');
    const foreign = await accounting.ask('/v1/usage', { token: accounting.key('reader'), headers: { origin: 'https://evil.example.org' } });
    assert.equal(foreign.headers.get('access-control-allow-origin'), null);
    assert.equal(foreign.headers.get('vary'), 'Origin');
  });

  it('is read by `portreeve usage`', async () => {
    const usage = (...args) => run(program('portreeve'), ['usage', '--accounting', accounting.url, '--token-file', join(accounting.data, 'keys/reader'), ...args]);
    const table = await usage('--by', 'subject');
    assert.equal(table.code, 0, table.stderr);
    assert.match(table.stdout, /^SUBJECT +CALLS +INPUT +CACHED +OUTPUT +COST USD +UNPRICED +UNKNOWN$/m);
    assert.match(table.stdout, /^keycloak\/rita +2 +2 000 000 +0 +200 000 +4\.50 +0 +0$/m);
    assert.match(table.stdout, /^total +3 .* 5\.2500075 /m);
    assert.match(table.stdout, /^disputed: 1 call of which two accounts differ$/m);
    const shown = await run('script', ['-qec', `${program('portreeve')} usage --by subject --accounting ${accounting.url} --token-file ${join(accounting.data, 'keys/reader')}`, '/dev/null'],
      { env: { ...process.env, TERM: 'xterm', COLUMNS: '160', NO_COLOR: '1' } });
    assert.match(shown.stdout, /^SUBJECT .* COST USD +OF COST/m, shown.stdout);
    assert.match(shown.stdout, /^keycloak\/rita .*4\.50 +█{6}▉/m, 'a bar for its share of 5.25');
    const json = JSON.parse((await usage('--by', 'day', '--from', '2026-11-25', '--to', '2026-11-26', '--json')).stdout);
    assert.deepEqual(json.rows.map((row) => [row.key, row.cost]), [['2026-11-25', '4.50']]);
    const csv = await usage('--by', 'tenant', '--where', 'tenant=acme', '--csv');
    assert.match(csv.stdout, /^row,acme,2,.*,4\.50,0,0,0,1\r$/m);
    const refused = await run(program('portreeve'), ['usage', '--accounting', accounting.url, '--token', 'acc_no']);
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /401/);
    const wrong = await usage('--by', 'colour');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /`by` is one of/);
  });
});

describe('prices', () => {
  it('are taken up by SIGHUP, where they are good, and rate what was unpriced', async () => {
    const folder = makeFolder('prices');
    const book = join(folder, 'prices.yaml');
    const text = readFileSync(prices, 'utf8');
    writeFileSync(book, text.replaceAll('parrot-1', 'other-1'));
    const accounting = await new Accounting(folder, ['--prices', book]).start();
    await accounting.post('/v1/usage', batch(event(1, 1, 'intent'), event(2, 1, 'completion')));
    let totals = (await accounting.read('/v1/usage')).json.totals;
    assert.deepEqual([totals.unpriced, totals.cost], [1, '0.00'], 'unpriced, never free');
    writeFileSync(book, text.replace('"1.50"', '1e-6'));
    process.kill(accounting.process.pid, 'SIGHUP');
    await eventually('the error is told', () => /prices.yaml:\d+:\d+: error: `1e-6` is no decimal number/.test(accounting.process.errors));
    writeFileSync(book, text);
    process.kill(accounting.process.pid, 'SIGHUP');
    totals = await eventually('the call has a price', async () => {
      const now = (await accounting.read('/v1/usage')).json.totals;
      return now.unpriced === 0 && now;
    });
    assert.equal(totals.cost, '2.25');
    await accounting.stop();
    const bad = new Accounting(folder, ['--prices', join(folder, 'none.yaml')]);
    await assert.rejects(bad.start(), /before it was ready/);
  });
});

describe('readers with a token', () => {
  it('see their tenant, for as long as the token lives', async () => {
    const folder = makeFolder('readers');
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA', use: 'sig' };
    const pdp = createHttpServer((question, answer) => answer.writeHead(question.url === '/.well-known/jwks.json' ? 200 : 404).end(JSON.stringify({ keys: [jwk] })));
    await new Promise((resolve) => pdp.listen(0, '127.0.0.1', resolve));
    const jwks = `http://127.0.0.1:${pdp.address().port}/.well-known/jwks.json`;
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const mint = (claims, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const signed = `${part({ alg: 'EdDSA', typ: 'portreeve-usage+jwt', kid: 'k1', ...header })}.${part({ aud: 'portreeve-accounting', iat: now, exp: now + 240, ...claims })}`;
      return `${signed}.${sign(null, Buffer.from(signed), createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))).toString('base64url')}`;
    };
    const accounting = await new Accounting(folder, ['--readers-jwks', jwks, '--prices', prices]).start();
    await accounting.post('/v1/usage', batch(event(1, 1, 'completion'), event(2, 2, 'completion', { tenant: 'globex' })));
    const calls = async (token, query = '') => (await accounting.ask(`/v1/usage?by=tenant${query}`, { token })).json.rows.map((row) => row.key);
    assert.deepEqual(await calls(mint({})), ['acme', 'globex']);
    assert.deepEqual(await calls(mint({ tenant: 'globex' })), ['globex']);
    assert.deepEqual(await calls(mint({ tenant: 'globex' }), '&tenant=acme'), []);
    const page = (await accounting.ask('/v1/usage/events', { token: mint({ tenant: 'acme' }) })).json;
    assert.deepEqual(page.events.map((call) => call.tenant), ['acme']);
    const foreign = (await accounting.read('/v1/usage/events?tenant=globex')).json.events[0].id;
    assert.equal((await accounting.ask(`/v1/usage/events/${foreign}`, { token: mint({ tenant: 'acme' }) })).status, 404);
    const past = Math.floor(Date.now() / 1000) - 1;
    for (const token of [mint({ exp: past }), mint({ exp: past + 400 }), mint({ aud: 'portreeve' }), mint({}, { typ: 'JWT' }),
      mint({}, { kid: 'k2' }), mint({ tenant: '' }), `${mint({})}x`]) {
      assert.equal((await accounting.ask('/v1/usage', { token })).status, 401);
    }
    assert.equal((await accounting.ask('/v1/usage', { method: 'POST', body: batch(event(3, 3, 'intent')), token: mint({}) })).status, 401, 'a reader posts nothing');
    await accounting.stop();
    pdp.close();
  });
});

describe('a gate and accounting, killed at random', () => {
  const seed = Number(process.env.PORTREEVE_SEED ?? 20261125);
  const random = dice(seed);
  const begun = [];  // by run of the feeder: the keys whose intent was durable, in order

  function feed(folder, accounting, calls) {
    const keys = [];
    begun.push(keys);
    const fed = new Program(feeder, [join(folder, 'spool'), `${accounting.port}`, join(accounting.data, 'keys/writer'), `${calls}`]);
    fed.lines.on('line', (line) => {
      if (line.startsWith('begun ')) keys.push(line.slice(6));
      else fed.drained = line === 'drained';
    });
    return fed;
  }

  async function ledger(accounting) {
    const calls = new Map();
    let after = '';
    do {
      const page = (await accounting.read(`/v1/usage/events?limit=1000${after && `&after=${after}`}`)).json;
      for (const call of page.events) {
        assert.ok(!calls.has(call.key), `${call.key} stands twice`);
        calls.set(call.key, call);
      }
      after = page.next;
    } while (after);
    return calls;
  }

  it('lose nothing and count nothing twice', async () => {
    const folder = makeFolder('killed');
    const accounting = await new Accounting(folder, ['--prices', prices]).start();
    let feeding;
    for (let round = 0; round < 14; ++round) {
      if (!feeding || feeding.hasEnded) feeding = feed(folder, accounting, 100_000);
      await new Promise((resolve) => setTimeout(resolve, 40 + random() * 260));
      if (random() < 0.5) {
        process.kill(feeding.pid, 'SIGKILL');
        await feeding.ended;
      }
      if (random() < 0.6) {
        await accounting.stop('SIGKILL');
        await accounting.start();
      }
    }
    if (!feeding.hasEnded) {
      process.kill(feeding.pid, 'SIGKILL');
      await feeding.ended;
    }
    const last = feed(folder, accounting, 3);
    await last.ended;
    assert.ok(last.drained, last.errors);
    const calls = await ledger(accounting);
    const known = new Set(begun.flat());
    assert.ok(known.size > 50, `only ${known.size} calls were made`);
    for (const keys of begun) {
      keys.forEach((key, at) => {
        const call = calls.get(key);
        assert.ok(call, `${key} is lost (seed ${seed})`);
        const number = Number(key.slice(33));
        const completed = at + 1 < keys.length || call.completed;
        assert.deepEqual([call.completed, call.input, call.certainty],
          completed ? [true, number, 'reported'] : [false, 0, 'unknown'], `${key} (seed ${seed})`);
      });
    }
    // At most one intent a run was durable and not yet told of when it was killed.
    const untold = [...calls.keys()].filter((key) => !known.has(key));
    assert.ok(untold.length <= begun.length, `${untold.length} calls that nobody made`);
    const totals = (await accounting.read('/v1/usage')).json.totals;
    let input = 0;
    for (const call of calls.values()) input += call.input;
    assert.deepEqual([totals.calls, totals.input, totals.disputed], [calls.size, input, 0]);
    assert.ok(!existsSync(join(folder, 'spool/dead-letters.jsonl')));
    await accounting.stop();
  });

  it('no caller waits for an accounting that is away, stands still or answers nonsense', async () => {
    const folder = makeFolder('away');
    const accounting = await new Accounting(folder, []).start();
    await accounting.stop();
    // Away: nothing listens.
    const first = feed(folder, accounting, 200);
    await eventually('two hundred calls are made', () => begun.at(-1).length === 200);
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    // Nonsense: another server on its port.
    const nonsense = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}'));
    });
    await new Promise((resolve) => nonsense.listen(accounting.port, '127.0.0.1', resolve));
    const second = feed(folder, accounting, 200);
    await eventually('two hundred more', () => begun.at(-1).length === 200);
    process.kill(second.pid, 'SIGKILL');
    await second.ended;
    await new Promise((resolve) => nonsense.close(resolve));
    // Still: stopped in the middle of whatever it did.
    await accounting.start();
    process.kill(accounting.process.pid, 'SIGSTOP');
    const third = feed(folder, accounting, 200);
    await eventually('and two hundred more', () => begun.at(-1).length === 200);
    process.kill(accounting.process.pid, 'SIGCONT');
    await third.ended;
    assert.ok(third.drained, third.errors);
    const calls = await ledger(accounting);
    for (const keys of begun.slice(-3)) for (const key of keys) assert.ok(calls.has(key), `${key} is lost`);
    assert.ok(!existsSync(join(folder, 'spool/dead-letters.jsonl')), 'what a stranger refuses is not given up');
    await accounting.stop();
  });
});
