// A program that holds nothing but its session's token calls models and clones repositories through the broker: every part
// is the real one, but for the upstreams, which are stand-ins on the providers' wire formats.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Broker, brokerNames, brokerPolicies, brokerZone } from './support/broker.mjs';
import { Issuer, makeKeys, readToken } from './support/issuer.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { eventually, freePort, makeFolder, Program, run, sourceFolder } from './support/processes.mjs';
import { exchangeBytes, postJson, request } from './support/requests.mjs';
import { World } from './support/world.mjs';

const base64 = (text) => Buffer.from(text).toString('base64');

// The keys that must never come near a sandbox. Signs that each encoding treats in its own way are in each.
const realKey = (name) => `real-${name}-${randomBytes(18).toString('base64')}/+="\\%end`;
const keys = Object.fromEntries(['anthropic', 'openai', 'git', 'tools'].map((name) => [name, realKey(name)]));

// The forms in which a key may not stand in anything that a sandbox can see (SEMANTICS §12).
function traces(text, key) {
  const forms = {
    raw: key, percent: encodeURIComponent(key), json: JSON.stringify(key).slice(1, -1), 'json, slash': JSON.stringify(key).slice(1, -1).replaceAll('/', '\\/'),
    'percent, all': [...Buffer.from(key)].map((c) => `%${c.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    'json, all': [...Buffer.from(key)].map((c) => `\\u${c.toString(16).padStart(4, '0')}`).join(''),
    basic: base64(`x-access-token:${key}`).replace(/=+$/, '').slice(0, -1),
  };
  for (let before = 0; before < 3; before += 1) {
    const core = base64('abc'.slice(0, before) + key).replace(/=+$/, '').slice(before === 0 ? 0 : before + 1, -1);
    forms[`base64 ${before}`] = core;
    forms[`base64url ${before}`] = core.replaceAll('+', '-').replaceAll('/', '_');
  }
  return Object.entries(forms).filter(([, form]) => text.includes(form)).map(([name]) => name);
}
const tracesOfAny = (text) => Object.entries(keys).flatMap(([name, key]) => traces(text, key).map((form) => `${name} ${form}`));

describe('the secret broker', () => {
  const folder = makeFolder('broker');
  const issuer = new Issuer(makeKeys('first'));
  const world = new World(join(folder, 'world'), 'model_origin.py');
  const pdp = new Pdp(folder, { flags: ['--socket-peer', `${process.getuid()}=broker-e2e:secrets`, '--name', 'pdp-e2e'] });
  let broker;
  let orchestrator;  // a credential of the sessions domain
  let token;  // rita's session token

  async function signIn(account = 'rita') {
    const answer = await pdp.exchange(await issuer.accessToken(account));
    assert.equal(answer.status, 200, answer.text);
    return answer.json.access_token;
  }
  const sessionOf = (text) => readToken(text).claims.sid;
  const sessions = (path, body) => postJson(`${pdp.url}/v1/sessions/${path}`, body, { headers: { Authorization: `Bearer ${orchestrator}` } });
  const revoke = (which) => request(`${pdp.url}/v1/revoke`, {
    method: 'POST', body: new URLSearchParams({ token: which }).toString(),
    headers: { Authorization: `Bearer ${orchestrator}`, 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  const outcomeOf = (id) => eventually(`the outcome of ${id}`, async () =>
    (await pdp.records('--kind', 'outcome')).find((record) => record.decisionId === id));
  // What reached the upstreams.
  const upstream = () => world.lines('requests.log').map((line) => JSON.parse(line));
  const upstreamSize = () => statSync(join(world.folder, 'requests.log')).size;
  // The usage events on the broker's disk, accounting being away.
  const usage = () => readdirSync(join(folder, 'broker/usage')).sort().map((name) => readFileSync(join(folder, 'broker/usage', name), 'latin1')).join('')
    .match(/\{"[^\n]*?\}(?=[^,}\]"]|$)/g) ?? [];

  before(async () => {
    mkdirSync(world.folder, { recursive: true });
    writeFileSync(join(world.folder, 'real-keys.json'), JSON.stringify(keys));
    const repository = join(world.folder, 'git/project.git');
    await run('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', repository]);
    await run('git', ['-C', repository, 'config', 'http.receivepack', 'true']);
    await issuer.start();
    putPolicy(pdp.policies, 'policies.yaml', brokerPolicies(issuer.url));
    await Promise.all([pdp.start(), world.start(brokerZone, brokerNames)]);
    orchestrator = await pdp.addGate('orchestrator', 'sessions');
    broker = new Broker(folder, world, pdp.socket, await freePort());
    for (const [name, key] of Object.entries(keys)) broker.putSecret(`${name}-key`, `${key}\n`);
    await broker.start();
    token = await signIn();
    await eventually('the broker serves', async () => (await broker.ask('/tools/hello', { token })).status === 200);
  });
  after(async () => {
    await broker?.stop();
    await Promise.all([pdp.process?.stop(), world.process?.stop(), issuer.stop()]);
  });

  describe('serves programs that know nothing of it', () => {
    let client;
    let got;
    before(async () => {
      const home = join(folder, 'sandbox');
      mkdirSync(home);
      client = new Program(process.execPath, [join(sourceFolder, 'tests/e2e/support/sdk_client.mjs')], {
        cwd: home, stdio: ['pipe', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, HOME: home, ANTHROPIC_BASE_URL: `${broker.url}/anthropic`, ANTHROPIC_API_KEY: token, OPENAI_BASE_URL: `${broker.url}/openai/v1`, OPENAI_API_KEY: token },
      });
      got = JSON.parse(await client.ready());
    });
    after(() => client.stop());

    it('@anthropic-ai/sdk, plain and streaming', () => {
      assert.deepEqual(got.message, { text: 'hello there', output: 5 });
      assert.equal(got.messageStream, 'hello there');
    });
    it('openai, chat completions and responses, plain and streaming', () => {
      assert.deepEqual(got.chat, { text: 'hello there', total: 13 });
      assert.deepEqual(got.response, { text: 'hello there', total: 13 });
      assert.equal(got.responseStream, 'hello there');
    });
    it('an OpenAI stream tells its usage to those who asked for it, and to the broker always', () => {
      assert.deepEqual(got.chatStream, { text: 'hello there', chunks: 3, withoutChoices: 0, usage: null });
      assert.deepEqual(got.chatStreamWithUsage, { withoutChoices: 1, usage: 13 });
      const streams = upstream().filter((entry) => entry.host === 'api.openai.com').map((entry) => JSON.parse(entry.body)).filter((body) => body.stream && body.messages);
      assert.deepEqual(streams.map((body) => body.stream_options.include_usage), [true, true]);
    });
    it('a model that no rule allows: 403 with a reason that the library passes on', () => {
      assert.deepEqual([got.refused.status, got.refused.reason], [403, 'default-deny']);
      assert.match(got.refused.message, /no allow rule covers all that was asked for/);
    });
    it("an upstream's own error passes through and is told apart", () => {
      assert.deepEqual(got.overloaded, { status: 529, reason: null, upstream: '529', type: 'overloaded_error' });
    });
    it('the real key went upstream, and the token did not', () => {
      const calls = upstream().filter((entry) => ['api.anthropic.com', 'api.openai.com'].includes(entry.host));
      assert.ok(calls.length >= 8, `${calls.length} calls`);
      for (const call of calls) {
        const key = call.host === 'api.anthropic.com' ? call.headers['x-api-key'] : call.headers.authorization.replace(/^Bearer /, '');
        assert.equal(key, call.host === 'api.anthropic.com' ? keys.anthropic : keys.openai);
        assert.equal(call.headers['accept-encoding'], 'identity');
        assert.ok(!JSON.stringify(call).includes(token), 'no trace of the token');
      }
    });
    it('no byte of a real key is in the sandbox: environment, arguments, files, memory', () => {
      const proc = `/proc/${client.pid}`;
      const seen = ['environ', 'cmdline'].map((name) => readFileSync(`${proc}/${name}`, 'latin1'));
      const walk = (path) => { for (const entry of readdirSync(path, { withFileTypes: true })) { if (entry.isDirectory()) walk(join(path, entry.name)); else seen.push(readFileSync(join(path, entry.name), 'latin1')); } };
      walk(join(folder, 'sandbox'));
      const memory = openSync(`${proc}/mem`, 'r');
      let bytes = 0;
      let tokens = 0;
      for (const line of readFileSync(`${proc}/maps`, 'ascii').split('\n')) {
        const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
        if (!rights?.startsWith('rw') || line.includes('[vvar]')) continue;
        const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
        for (let at = start; at < end; at += 16n << 20n) {
          const piece = Buffer.alloc(Number(end - at < (16n << 20n) + 4096n ? end - at : (16n << 20n) + 4096n));
          let read = 0;
          try { read = readSync(memory, piece, 0, piece.length, at); } catch { continue; }
          bytes += read;
          const text = piece.toString('latin1', 0, read);
          tokens += text.includes(token) ? 1 : 0;
          assert.deepEqual(tracesOfAny(text), [], `memory at ${at.toString(16)}`);
        }
      }
      closeSync(memory);
      assert.ok(bytes > 10 << 20 && tokens > 0, `${bytes} bytes looked through; the token was found in ${tokens} places, as it should`);
      for (const text of seen) assert.deepEqual(tracesOfAny(text), []);
    });
    it('each call is a decision, an outcome, and usage', async () => {
      const decisions = (await pdp.records('--kind', 'decision')).filter((record) => record.action === 'secret.use' && record.resource.id === 'llm.anthropic');
      const allowed = decisions.filter((record) => record.decision && record.resource.properties.model === 'claude-test');
      assert.ok(allowed.length >= 1);
      const { properties } = allowed[0].resource;
      assert.deepEqual([properties.use, properties.upstream, properties.method, properties.path], ['inject', 'https://api.anthropic.com', 'POST', '/v1/messages']);
      const outcome = await outcomeOf(allowed[0].id);
      assert.deepEqual([outcome.result, outcome.address], ['closed', '23.0.0.10']);
      const text = usage().join('\n');
      for (const part of ['"kind":"intent"', '"kind":"completion"', '"api":"anthropic.messages"', '"api":"openai.chat"', '"api":"openai.responses"', '"responseId":"msg_01"', '"certainty":"reported"']) {
        assert.ok(text.includes(part), `${part} in ${text.slice(0, 2000)}`);
      }
    });
  });

  describe('serves git over HTTP', () => {
    const git = (args, options = {}) => run('git', args, {
      ...options,
      env: { PATH: process.env.PATH, HOME: join(folder, 'sandbox'), GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.org', ...options.env },
    });
    it('push and clone, the token as the password', async () => {
      const work = join(folder, 'work');
      const remote = `http://x:${token}@127.0.0.1:${broker.port}/git/project.git`;
      const steps = [
        ['init', '--quiet', '--initial-branch', 'main', work], ['-C', work, 'commit', '--quiet', '--allow-empty', '-m', 'first'],
      ];
      for (const step of steps) assert.equal((await git(step)).code, 0);
      writeFileSync(join(work, 'big'), randomBytes(3 << 20));  // more than git sends in one piece
      for (const step of [['-C', work, 'add', 'big'], ['-C', work, 'commit', '--quiet', '-m', 'big'], ['-C', work, 'push', '--quiet', remote, 'main']]) {
        const done = await git(step);
        assert.equal(done.code, 0, `${step}: ${done.stderr}`);
      }
      const clone = await git(['clone', '--quiet', remote, join(folder, 'clone')]);
      assert.equal(clone.code, 0, clone.stderr);
      assert.deepEqual(readFileSync(join(folder, 'clone/big')), readFileSync(join(work, 'big')));
      assert.ok(upstream().some((entry) => entry.host === 'git.example.org' && entry.headers['transfer-encoding'] === 'chunked'), 'a push came in chunks');
      assert.deepEqual(tracesOfAny(readFileSync(join(folder, 'clone/.git/config'), 'latin1')), []);
    });
    it('is asked for credentials first: 401 and WWW-Authenticate: Basic, on a connection that stays', async () => {
      const answer = await broker.ask('/git/project.git/info/refs?service=git-upload-pack');
      assert.deepEqual([answer.status, answer.denied, answer.headers['www-authenticate']], [401, 'token-missing', 'Basic realm="portreeve"']);
      const text = (await exchangeBytes(broker.host, broker.port,
        'GET /git/x HTTP/1.1\r\nHost: b\r\n\r\nGET /git/y HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n')).toString();
      assert.equal(text.match(/HTTP\/1\.1 401/g)?.length, 2, text);
    });
  });

  describe('sends on what was judged, and no more', () => {
    const sent = async (path, options) => {
      const before_ = upstream().length;
      const answer = await broker.ask(path, { token, ...options });
      assert.equal(answer.status, 200, answer.text);
      return upstream()[before_];
    };
    it('the normalised path, below the upstream\'s own, and the query without credentials', async () => {
      assert.equal((await sent('/tools/%61b/caf%c3%a9?x=1&api_key=guest&access_token=g&KEY=g')).line, 'GET /base/ab/caf%C3%A9?x=1 HTTP/1.1');
      assert.equal((await sent(`/tools/x?t=${token}&y=2`)).line, 'GET /base/x?y=2 HTTP/1.1');
    });
    it('headers of a list; what Connection names, credentials, cookies and Range stay here', async () => {
      const { headers } = await sent('/tools/x', { headers: {
        Cookie: 'a=b', Range: 'bytes=0-1', 'X-Forwarded-For': '1.2.3.4', 'X-Tools-Key': 'guest', Authorization: `Bearer ${token}`, 'X-App': 'cli',
        'Accept-Language': 'en', Connection: 'x-app, close', 'User-Agent': `agent ${token}`, 'Accept-Encoding': 'gzip', Accept: 'text/x', TE: 'trailers',
      } });
      assert.deepEqual(Object.keys(headers).sort(), ['accept', 'accept-encoding', 'accept-language', 'host', 'x-tools-key']);
      assert.deepEqual([headers['x-tools-key'], headers['accept-encoding'], headers.host], [keys.tools, 'identity', 'tools.example.org']);
    });
    it('the credential in the query, where a Secret says so', async () => {
      const entry = await sent('/query/x?key=guest&y=1');
      assert.equal(entry.line, `GET /x?y=1&key=${encodeURIComponent(keys.tools)} HTTP/1.1`);
    });
    it('a body as it is streamed, with `Expect: 100-continue` answered', async () => {
      const answer = await broker.ask('/tools/x', { token, method: 'PUT', body: 'x'.repeat(200_000), headers: { Expect: '100-continue', 'Content-Type': 'text/plain' } });
      assert.deepEqual(answer.json, { method: 'PUT', path: '/base/x', bytes: 200_000 });
    });
    it('an answer that comes before the request is whole reaches the client', async () => {
      const started = Date.now();
      const answer = await broker.ask('/tools/early', { token, method: 'PUT', body: 'x'.repeat(8 << 20), headers: { 'Content-Type': 'text/plain' } });
      assert.deepEqual([answer.status, answer.headers['x-portreeve-upstream'], answer.text], [413, '413', 'too much']);
      assert.ok(Date.now() - started < 4_000, 'and nothing waits for the upstream to read it');
    });
    it('a new value of the secret file from the next request on', async () => {
      const path = join(broker.secrets, 'tools-key');
      writeFileSync(`${path}.new`, 'another-credential', { mode: 0o600 });
      renameSync(`${path}.new`, path);
      assert.equal((await sent('/tools/x')).headers['x-tools-key'], 'another-credential');
      broker.putSecret('tools-key', keys.tools);
      assert.equal((await sent('/tools/x')).headers['x-tools-key'], keys.tools);
      broker.putSecret('tools-key', keys.tools, 0o644);
      const answer = await broker.ask('/tools/x', { token });
      assert.deepEqual([answer.status, answer.denied], [503, 'secret-unavailable']);
      broker.putSecret('tools-key', keys.tools);
    });
  });

  describe('lets nothing of the credential back', () => {
    for (const form of ['raw', 'bearer', 'basic', 'percent', 'percent-all', 'json', 'json-all', ...[0, 1, 2].flatMap((n) => [`base64-${n}`, `base64url-${n}`])]) {
      it(`${form}, whole and split over chunks, and in a trailer`, async () => {
        for (const cut of [0, 1, 7, 30]) {
          const answer = await broker.ask(`/tools/echo?form=${form}&cut=${cut}`, { token, headers: { TE: 'trailers' } });
          assert.equal(answer.status, 200);
          assert.deepEqual(tracesOfAny(answer.text + JSON.stringify(answer.trailers)), [], answer.text);
          assert.match(answer.text, /^\{"said": "[^]*\*{8}[^]*"\}$/);
        }
      });
    }
    it('in headers, early hints, redirects; and no header passes for the broker\'s own word', async () => {
      const bytes = (await exchangeBytes(broker.host, broker.port, `GET /tools/echo-headers HTTP/1.1\r\nHost: b\r\nx-api-key: ${token}\r\nConnection: close\r\n\r\n`)).toString('latin1');
      assert.match(bytes, /^HTTP\/1\.1 200 OK\r\n/, 'the 103 stays behind');
      assert.deepEqual(tracesOfAny(bytes), [], bytes);
      for (const name of ['x-deny-reason', 'set-cookie', 'www-authenticate', 'x-api-key', 'dec_forged']) assert.ok(!bytes.includes(name), `${name} in ${bytes}`);
      assert.match(bytes, /\r\nlocation: [^\r]*\*{8}/);
    });
    it('an answer in an encoding that it cannot look through is a 502', async () => {
      const answer = await broker.ask('/tools/encoded', { token });
      assert.deepEqual([answer.status, answer.denied], [502, 'bad-answer']);
    });
    it('a redirect is passed on, never followed', async () => {
      const count = upstream().length;
      const answer = await broker.ask('/tools/redirect', { token });
      assert.deepEqual([answer.status, answer.headers.location, answer.headers['x-portreeve-upstream']], [302, 'https://elsewhere.example.com/next', '302']);
      assert.equal(upstream().length, count + 1);
      assert.ok(!world.asked().includes('elsewhere.example.com'));
    });
    it('nothing in the logs of broker and PDP, the decision log, the spools', async () => {
      const texts = [broker.said(), readFileSync(join(folder, 'pdp.log'), 'latin1'), JSON.stringify(await pdp.records())];
      const walk = (path) => { for (const entry of readdirSync(path, { withFileTypes: true })) { if (entry.isDirectory()) walk(join(path, entry.name)); else texts.push(readFileSync(join(path, entry.name), 'latin1')); } };
      walk(join(folder, 'broker'));
      walk(pdp.data);
      for (const text of texts) {
        assert.deepEqual(tracesOfAny(text), []);
        assert.ok(!text.includes(token), 'nor of the token');
      }
    });
    it('and its process leaves no core', () => {
      const limits = readFileSync(`/proc/${broker.process.pid}/limits`, 'ascii');
      assert.match(limits, /Max core file size +0 +0/);
      for (const name of ['environ', 'cmdline']) assert.deepEqual(tracesOfAny(readFileSync(`/proc/${broker.process.pid}/${name}`, 'latin1')), []);
      assert.equal(statSync(`/proc/${broker.process.pid}/maps`).uid, 0, 'what is not dumpable belongs to root');
    });
  });

  describe('refuses', () => {
    const raw = async (bytes) => {
      const text = (await exchangeBytes(broker.host, broker.port, bytes)).toString('latin1');
      return [Number(text.slice(9, 12)), /x-deny-reason: (\S+)/.exec(text)?.[1], text];
    };
    const key = () => `x-api-key: ${token}\r\n`;
    for (const [what, line, status = 400] of [
      ['TRACE', 'TRACE /tools/x HTTP/1.1', 501], ['CONNECT', 'CONNECT tools.example.org:443 HTTP/1.1', 501],
      ['absolute form', 'GET http://tools.example.org/tools/x HTTP/1.1'], ['asterisk form', 'OPTIONS * HTTP/1.1'],
      ['//', 'GET //tools/x HTTP/1.1'], ['// within', 'GET /tools//x HTTP/1.1'], [';', 'GET /tools/x;y HTTP/1.1'], ['%25', 'GET /tools/%252e HTTP/1.1'],
      ['dot segments', 'GET /tools/../anthropic HTTP/1.1'], ['encoded dot segments', 'GET /tools/%2e%2e/anthropic HTTP/1.1'], ['an encoded slash', 'GET /tools/a%2fb HTTP/1.1'],
      ['a path that is not UTF-8', 'GET /tools/%ff HTTP/1.1'], ['a bare byte', 'GET /tools/\xe9 HTTP/1.1'], ['a lower-case method', 'get /tools/x HTTP/1.1'], ['HTTP/2.0', 'GET /tools/x HTTP/2.0'],
    ]) {
      it(what, async () => {
        const [code, reason, text] = await raw(`${line}\r\nHost: b\r\n${key()}Connection: close\r\n\r\n`);
        assert.deepEqual([code, reason], [status, 'bad-request'], text);
      });
    }
    for (const [what, headers, body = '', status = 400] of [
      ['an upgrade', 'Connection: upgrade\r\nUpgrade: websocket\r\n', '', 501],
      ['both lengths', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
      ['two lengths', 'Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'],
      ['a coding that is not chunked', 'Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'],
      ['a folded header', 'X-A: b\r\n c\r\n'], ['a bare line feed', 'X-A: b\nX-B: c\r\n'], ['another expectation', 'Expect: the-worst\r\n', '', 417],
      ['a chunk extension', 'Transfer-Encoding: chunked\r\n', '3;a=b\r\nabc\r\n0\r\n\r\n'],
      ['two tokens', 'Authorization: Bearer other\r\n'],
    ]) {
      it(what, async () => {
        const [code, reason, text] = await raw(`POST /tools/x HTTP/1.1\r\nHost: b\r\n${key()}${headers}\r\n${body}`);
        assert.deepEqual([code, reason], [status, 'bad-request'], text);
      });
    }
    for (const [what, body, headers = {}] of [
      ['a body that is no JSON', 'model=claude'], ['a key twice', '{"model":"claude-a","model":"other"}'],
      ['a key twice, once escaped', '{"model":"claude-a","mo\\u0064el":"other"}'], ['a key twice, deep', '{"model":"claude-a","x":[{"y":1,"y":2}]}'],
      ['models', '{"model":"claude-a","models":["other"]}'], ['fallbacks', '{"model":"claude-a","fallbacks":[]}'],
      ['no model', '{"messages":[]}'], ['a model that is no text', '{"model":["claude-a"]}'], ['a key that differs by case', '{"model":"claude-a","Model":"other"}'],
      ['a body behind the body', '{"model":"claude-a"}{"model":"other"}'], ['an encoded body', '{"model":"claude-a"}', { 'Content-Encoding': 'gzip' }], ['no body', ''],
    ]) {
      it(`of a model API: ${what}`, async () => {
        const count = upstream().length;
        const answer = await broker.post('/anthropic/v1/messages', body, { token, headers });
        assert.deepEqual([answer.status, answer.denied], [headers['Content-Encoding'] ? 415 : 400, 'bad-request'], answer.text);
        assert.equal(upstream().length, count);
      });
    }
    it('of a model API: more than 32 MiB, announced or not', async () => {
      const [code, reason] = await raw(`POST /anthropic/v1/messages HTTP/1.1\r\nHost: b\r\n${key()}Content-Length: 33554433\r\n\r\n`);
      assert.deepEqual([code, reason], [413, 'limit-bytes']);
    });
    it('an unknown route, a route by another name', async () => {
      for (const path of ['/nothing', '/', '/toolsx', '/TOOLS/x', '/anthropic.evil/x']) {
        const answer = await broker.ask(path, { token });
        assert.deepEqual([answer.status, answer.denied], [403, 'unknown-secret'], path);
      }
    });
    it('what no rule allows, by method, path and secret', async () => {
      const message = { model: 'claude-test', max_tokens: 1, messages: [] };
      assert.equal((await broker.post('/anthropic/v1/messages', message, { token })).status, 200);
      for (const answer of [await broker.post('/anthropic/v1/complete', message, { token }), await broker.post('/anthropic/v1/messages', message, { token, method: 'PUT' }),
        await broker.ask('/forbidden/x', { token })]) {
        assert.deepEqual([answer.status, answer.denied], [403, 'default-deny']);
        assert.ok(answer.json.id.startsWith('dec_') && answer.headers['x-decision-id'] === answer.json.id);
        assert.equal(answer.json.decision, false);
      }
    });
    it('someone of another role', async () => {
      const answer = await broker.ask('/tools/x', { token: await signIn('nobody') });
      assert.deepEqual([answer.status, answer.denied], [403, 'default-deny']);
    });
    it('tokens that are none of ours: a provider\'s, a forged one, a gate\'s credential', async () => {
      for (const bad of [await issuer.accessToken('rita'), `${token.slice(0, -4)}AAAA`, 'no-token', orchestrator]) {
        const answer = await broker.ask('/tools/x', { token: bad });
        assert.equal(answer.status, 403);
        assert.match(answer.denied, /^token-(invalid|missing)$/);
      }
    });
    it('upstreams that the guard denies, that are not the declared one, or speak an old TLS', async () => {
      for (const [route, status, reason] of [['private', 403, 'guard:private-address'], ['untrusted', 502, 'upstream-untrusted'], ['old', 502, 'upstream-untrusted'],
        ['gone', 502, 'connect-refused'], ['nowhere', 502, 'resolve-error'], ['keyless', 503, 'secret-unavailable']]) {
        const answer = await broker.ask(`/${route}/x`, { token });
        assert.deepEqual([answer.status, answer.denied], [status, reason], route);
        const outcome = await outcomeOf(answer.json.id);
        assert.equal(outcome.reason, reason);
      }
    });
    it('answers that two readers could frame differently, and those that do not come whole', async () => {
      for (const path of ['both-lengths', 'hang-up', 'interim?times=9']) {
        const answer = await broker.ask(`/tools/${path}`, { token });
        assert.deepEqual([answer.status, answer.denied], [502, 'bad-answer'], path);
      }
      assert.equal((await broker.ask('/tools/interim?times=3', { token })).text, 'ok');
      assert.equal((await broker.ask('/tools/cut', { token })).broken, true);
    });
    it('more requests a minute than a rule allows: 429 and when to come back', async () => {
      const mine = await signIn();
      for (let i = 0; i < 3; i += 1) assert.equal((await broker.ask('/rated/x', { token: mine })).status, 200);
      const answer = await broker.ask('/rated/x', { token: mine });
      assert.deepEqual([answer.status, answer.denied], [429, 'limit-requests']);
      assert.ok(Number(answer.headers['retry-after']) > 0);
      assert.equal((await broker.ask('/rated/x', { token: await signIn() })).status, 200, 'another session has its own count');
    });
    it('a bound session\'s token from another sandbox\'s address', async () => {
      const mine = await signIn();
      const bound = await sessions(`${sessionOf(mine)}/bind`, { addresses: ['127.0.0.5'] });
      assert.equal(bound.status, 200, bound.text);
      assert.equal((await broker.ask('/tools/x', { token: mine, from: '127.0.0.5' })).status, 200);
      const answer = await broker.ask('/tools/x', { token: mine, from: '127.0.0.6' });
      assert.deepEqual([answer.status, answer.denied], [403, 'source-mismatch']);
    });
    it('a workload that poses as a gate: its token is no credential of one', async () => {
      for (const path of ['/v1/secrets', '/v1/events']) {
        const answer = await request(`${pdp.url}${path}`, { headers: { Authorization: `Bearer ${token}` } });
        assert.equal(answer.status, 401, path);
      }
      const asked = await pdp.ask({ subject: { type: 'session', id: sessionOf(token), properties: { token } }, action: { name: 'secret.use' }, resource: { type: 'secret', id: 'tools' } }, { gate: token });
      assert.equal(asked.status, 401);
    });
  });

  describe('is cut', () => {
    const endless = (mine, onData) => broker.post('/anthropic/v1/messages', { model: 'claude-endless', max_tokens: 1, stream: true, messages: [] }, { token: mine, onData });
    it('in the middle of a stream when its session is revoked, and stays so', async () => {
      const mine = await signIn();
      let begun;
      const first = new Promise((resolve) => { begun = resolve; });
      const stream = endless(mine, begun);
      await first;
      const started = Date.now();
      const revoked = await revoke(mine);
      assert.equal(revoked.status, 200, revoked.text);
      const answer = await stream;
      assert.equal(answer.broken, true, 'cut, not ended');
      assert.ok(Date.now() - started < 5_000);
      const outcome = await outcomeOf(answer.headers['x-decision-id']);
      assert.equal(outcome.reason, 'revoked');
      await eventually('its usage is an estimate', () => usage().some((event) => event.includes('"outcome":"revoked"') && event.includes('"certainty":"estimated"')));
      const again = await endless(mine);
      assert.deepEqual([again.status, again.denied], [403, 'session-revoked']);
    });
    it('and when its session is ended; others go on', async () => {
      const [mine, other] = [await signIn(), await signIn()];
      let begun;
      const first = new Promise((resolve) => { begun = resolve; });
      const stream = endless(mine, begun);
      await first;
      assert.equal((await sessions(`${sessionOf(mine)}/end`, {})).status, 200);
      assert.equal((await stream).broken, true);
      assert.equal((await broker.ask('/tools/x', { token: other })).status, 200);
    });
    it('never, by a revocation that races the question: what is revoked first is not sent', async () => {
      for (let round = 0; round < 8; round += 1) {
        const mine = await signIn();
        const count = () => upstream().filter((entry) => entry.line.includes(`/race-${mine.slice(-12)}`)).length;
        const path = `/tools/race-${mine.slice(-12)}`;
        const [answer] = await Promise.all([broker.ask(path, { token: mine }), revoke(mine)]);
        if (answer.denied) {
          assert.match(answer.denied, /revoked/);
          // Refused before, by the PDP or the gate, or cut while the upstream was being waited for.
          const result = answer.denied === 'revoked' ? (await outcomeOf(answer.json.id)).result : 'refused';
          if (result === 'refused') assert.equal(count(), 0, 'what was refused was not sent');
        }
        const later = await broker.ask(path, { token: mine });
        assert.match(later.denied, /revoked/);
      }
    });
    it('the client gone, the upstream is read on to the usage', async () => {
      const mine = await signIn();
      const session = sessionOf(mine);
      await new Promise((resolve) => {
        const out = http.request({ host: broker.host, port: broker.port, path: '/anthropic/v1/messages', method: 'POST', agent: false, headers: { 'x-api-key': mine, 'Content-Type': 'application/json' } }, (answer) => {
          answer.once('data', () => { answer.destroy(); resolve(); });
        });
        out.end(JSON.stringify({ model: 'claude-test', max_tokens: 1, stream: true, messages: [] }));
      });
      const told = await eventually('the completion', () => usage().find((event) => event.includes(session) && event.includes('"kind":"completion"')));
      assert.match(told, /"certainty":"reported"/);
    });
  });

  describe('closes', () => {
    it('when the PDP is away, and opens when it is back; a policy that is gone closes its route', async () => {
      assert.equal((await broker.ask('/tools/kept', { token })).status, 200);
      await pdp.stop('SIGKILL');
      const away = await broker.ask('/tools/never-asked-about', { token });
      assert.deepEqual([away.status, away.denied], [503, 'pdp-unavailable']);
      await eventually('a kept answer is gone by no more', async () => (await broker.ask('/tools/kept', { token })).denied === 'pdp-unavailable');
      await pdp.start();
      await eventually('the broker serves again', async () => (await broker.ask('/tools/x', { token })).status === 200);
      putPolicy(pdp.policies, 'policies.yaml', brokerPolicies(issuer.url).replace('route: /query', 'route: /moved'));
      await eventually('the route moved', async () => (await broker.ask('/moved/x', { token })).status === 200);
      assert.equal((await broker.ask('/query/x', { token })).denied, 'unknown-secret');
    });
    it('its spool full: refused before anything is sent', async () => {
      await broker.stop();
      await broker.start(['--spool-size', '1MiB'], 'small');
      await eventually('the broker serves', async () => (await broker.ask('/tools/x', { token })).status === 200);
      let answer;
      let count;
      for (let i = 0; i < 3_000 && !answer?.denied; i += 1) {
        count = upstreamSize();
        answer = await broker.ask('/tools/x', { token });
      }
      assert.deepEqual([answer.status, answer.denied], [503, 'audit-unavailable']);
      assert.equal(upstreamSize(), count, 'nothing was sent');
    });
  });
});
