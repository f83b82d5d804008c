// What an enemy may send: each time a clear refusal, never an allow, never a crash, and nothing that was recorded lost.
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { forge, makeKeys } from './support/issuer.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { mayRead } from './support/policies.mjs';
import { dice, eventually, freePort, makeFolder, program, run, sourceFolder } from './support/processes.mjs';
import { exchangeBytes, postJson, request, statuses } from './support/requests.mjs';
import { problems } from './support/schema.mjs';
import { Egress, World } from './support/world.mjs';

const policies = `apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec: { issuer: "https://idp.example.com", audiences: [portreeve], algorithms: [EdDSA], jwks: { file: keys.json } }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: documents }
spec:
  rules:
    - { id: read, effect: allow, actions: [read], resources: [{ type: document }] }
    - { id: secret, effect: deny, resources: [{ type: document, id: secret }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: web }
spec: { rules: [{ id: packages, effect: allow, hosts: [packages.example.org] }] }
`;
const key = makeKeys('idp')[2];
const bytes = (text) => Buffer.from(text, 'latin1');
const problemType = (code) => `urn:portreeve:problem:${code}`;

describe('hostile input', () => {
  const folder = makeFolder('hostile');
  const pdp = new Pdp(folder, { flags: ['--socket-peer', `${process.getuid() + 1}=someone-else:egress`] });
  const world = new World(join(folder, 'world'));
  const gates = {};
  const answered = new Set();  // ids of all decisions that were answered
  let egress;
  let session;
  let sessionId;
  let slow;  // a request that never ends, begun at the start

  // Asks, and remembers what was decided.
  async function post(path, body, { gate = gates.all, headers = {}, ...options } = {}) {
    const answer = await postJson(pdp.url + path, body, { headers: { ...(gate ? { Authorization: `Bearer ${gate}` } : {}), ...headers }, ...options });
    for (const each of answer.json?.evaluations ?? (answer.json ? [answer.json] : [])) if (each.context?.id) answered.add(each.context.id);
    return answer;
  }
  const evaluate = (body, options) => post('/access/v1/evaluation', body, options);
  const evaluations = (body, options) => post('/access/v1/evaluations', body, options);
  async function stillAnswers() {
    const good = await evaluate(mayRead());
    assert.deepEqual([good.status, good.json.decision], [200, true], 'a good question is answered afterwards');
  }
  function assertRefused(answer, status, code) {
    assert.deepEqual([answer.status, answer.json?.type, answer.headers['content-type']], [status, problemType(code), 'application/problem+json'], answer.text.slice(0, 500));
    assert.doesNotMatch(answer.text, /"decision"/);
  }
  const idpToken = (claims = {}) => {
    const now = Math.floor(Date.now() / 1000);
    return forge({ alg: 'EdDSA', kid: key.kid }, { iss: 'https://idp.example.com', aud: 'portreeve', sub: 'rita', iat: now, exp: now + 600, ...claims },
      createPrivateKey({ key, format: 'jwk' }));
  };

  before(async () => {
    const { d, ...open } = key;
    putPolicy(pdp.policies, 'keys.json', JSON.stringify({ keys: [open] }));
    putPolicy(pdp.policies, 'policies.yaml', policies);
    gates.all = await pdp.addGate('all', 'egress', 'secrets', 'execution', 'access');
    gates.other = await pdp.addGate('other', 'egress', 'access');
    gates.access = await pdp.addGate('access-only', 'access');
    gates.egress = await pdp.addGate('gate', 'egress');
    await Promise.all([pdp.start(), world.start('packages.example.org A 23.0.0.10\n', ['packages.example.org'])]);
    const credential = join(folder, 'gate.pep');
    putPolicy(folder, 'gate.pep', gates.egress);
    egress = new Egress(folder, world, pdp.socket, await freePort());
    // To the PDP the user of this process is nobody, so the gate says who it is by its credential.
    await egress.start(['--credential-file', credential]);
    const made = await pdp.exchange(idpToken());
    assert.equal(made.status, 200, made.text);
    session = made.json.access_token;
    sessionId = made.json.session_id;
    slow = exchangeBytes('127.0.0.1', pdp.port, 'POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nX-', { within: 60_000 });
    slow.catch(() => {});
  });
  after(async () => {
    await egress?.stop();
    await Promise.all([pdp.process?.stop(), world.process?.stop()]);
  });

  // A question about egress, with what is said of it.
  const endpoint = (properties, id, action = 'egress.connect') => ({
    subject: { type: 'session', id: sessionId, properties: { token: session } }, action: { name: action },
    resource: { type: 'endpoint', id: id ?? 'packages.example.org:443', properties: { host: 'packages.example.org', port: 443, protocol: 'tls', ...properties } },
  });
  const at = (host, port = 443) => endpoint({ host, port }, `${host}:${port}`, 'egress.resolve');

  describe('as an evaluation', () => {
    const good = JSON.stringify(mayRead());
    const with_ = (text) => good.replace('"id":"1"', text);
    const nested = (depth) => with_(`"id":"1","properties":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    const notJson = {
      'nothing': '', 'a blank': ' ', 'half an object': good.slice(0, -1), 'an object too many': good + good, 'something after the object': `${good}x`,
      'a comma too many': good.replace(/}$/, ',}'), 'single quotes': good.replaceAll('"', "'"), 'a comment': `${good}//`, 'a byte order mark': `\ufeff${good}`,
      'null': 'null', 'true': 'true', 'a number': '1', 'a text': '"x"', 'a list': '[]', 'a list of one': `[${good}]`, 'an empty object': '{}',
      'a key twice': good.replace('{', '{"subject":{"type":"user","id":"idp/other"},'), 'a key twice below': with_('"id":"1","id":"2"'),
      'a key twice, once in escapes': with_('"id":"1","\\u0069d":"2"'),
      'NaN': with_('"id":"1","properties":{"a":NaN}'), 'infinity': with_('"id":"1","properties":{"a":1e999}'), 'a leading zero': with_('"id":"1","properties":{"a":01}'),
      'a plus': with_('"id":"1","properties":{"a":+1}'), 'hexadecimal': with_('"id":"1","properties":{"a":0x1}'), 'a number of 400 digits': with_(`"id":"1","properties":{"a":${'9'.repeat(400)}}`),
      'a lone surrogate': with_('"id":"\\ud800"'), 'a NUL': with_('"id":"a\\u0000b"'), 'a raw control character': with_('"id":"a\nb"'), 'a bad escape': with_('"id":"\\x41"'),
      'ill-formed UTF-8': bytes(with_('"id":"\xff"')), 'an overlong form': bytes(with_('"id":"\xc0\xaf"')), 'UTF-16': Buffer.from(good, 'utf16le'),
      'depth 40': nested(40), 'depth 10 000': nested(10_000), 'depth 400 000': '['.repeat(400_000), 'objects 100 000 deep': '{"a":'.repeat(100_000),
    };
    for (const [name, body] of Object.entries(notJson)) {
      it(`${name} is 400`, async () => {
        assertRefused(await evaluate(body), 400, 'bad-request');
      });
    }
    it('a good question after all these is answered', stillAnswers);

    const change = (path, value) => {
      const question = mayRead();
      let at = question;
      const keys = path.split('/').slice(1);
      for (const key of keys.slice(0, -1)) at = at[key] ??= {};
      if (value === undefined) delete at[keys.at(-1)]; else at[keys.at(-1)] = value;
      return question;
    };
    const malformed = [
      ...['/subject', '/action', '/resource'].flatMap((path) => [undefined, null, 1, 'x', [], {}].map((value) => [path, value])),
      ...['/subject/type', '/subject/id', '/action/name', '/resource/type', '/resource/id'].flatMap((path) => [undefined, null, 1, '', {}, []].map((value) => [path, value])),
      ...['/subject/properties', '/resource/properties', '/action/properties', '/context'].flatMap((path) => [1, 'x', []].map((value) => [path, value])),
      ...[1, {}, [], null].map((value) => ['/subject/properties/token', value]),
      ['/resource/type', 'endpoint'], ['/resource/type', 'secret'], ['/resource/type', 'program'],
      ['/action/name', 'egress.connect'], ['/action/name', 'egress.resolve'], ['/action/name', 'secret.use'], ['/action/name', 'process.exec'],
    ];
    it('each malformed member is 400, and the answer names its place', async () => {
      for (const [path, value] of malformed) {
        const answer = await evaluate(change(path, value));
        const what = `${path} = ${JSON.stringify(value)}: ${answer.text}`;
        assert.deepEqual([answer.status, answer.json.type], [400, problemType('bad-request')], what);
        assert.ok(answer.json.field?.startsWith('/'), what);
      }
      await stillAnswers();
    });

    const hosts = [
      '', ' ', '.', '..', 'a..b', '.example.org', 'packages.example.org..', '-a.example.org', 'a-.example.org', `${'a'.repeat(64)}.example.org`, `${'a.'.repeat(127)}aa`,
      'pack\u0430ges.example.org', 'pa ckages.example.org', 'packages.example.org\n', 'packages.example.org%00', 'packages.example.org\u0000', 'user@packages.example.org', 'packages.example.org/x',
      'packages.example.org#', 'packages.example.org?', 'http://packages.example.org', '*.example.org', '2130706433', '0x7f000001', '0177.0.0.1', '0x7f.1', '127.1', '127.0.1', '1.2.3.4.5', '256.1.1.1', '1.2.3.04',
      'example.1', 'example.0x1', '①②⑦.⓪.⓪.①', '127。0。0。1', '[::1', '::1]', '[::1]]', '[::1%25lo]', '[::1%lo]', '[fe80::1%eth0]', '[::ffff:1.2.3.4.5]', '[:::1]', '[1::2::3]', '[v1.x]', '[127.0.0.1]', '[]', ':443', 'localhost:1',
    ];
    it('each host that is malformed, or an address in another spelling, is 400', async () => {
      for (const host of hosts) {
        const answer = await evaluate(at(host));
        assert.deepEqual([answer.status, answer.json.decision], [400, undefined], `${JSON.stringify(host)}: ${answer.text}`);
      }
      await stillAnswers();
    });
    it('an address with a dot behind it is that address', async () => {
      for (const host of ['127.0.0.1.', '169.254.169.254.']) assert.match((await evaluate(at(host))).json.context.reason, /^guard:(loopback|metadata)-address$/);
    });
    const details = {
      'port 0': endpoint({ port: 0 }, 'packages.example.org:0'), 'port 65536': endpoint({ port: 65536 }, 'packages.example.org:65536'), 'port 1.5': endpoint({ port: 1.5 }),
      'a port as text': endpoint({ port: '443' }), 'a port with a zero before it': endpoint({}, 'packages.example.org:0443'), 'no port': endpoint({}, 'packages.example.org'),
      'another port in the id': endpoint({}, 'packages.example.org:444'), 'another host in the id': endpoint({}, 'other.example.org:443'),
      'no protocol': endpoint({ protocol: undefined }), 'an unknown protocol': endpoint({ protocol: 'udp' }), 'a protocol in capitals': endpoint({ protocol: 'TLS' }),
      'addresses that are no list': endpoint({ addresses: '23.0.0.10' }), 'an address that is a number': endpoint({ addresses: [386_138_122] }),
      'an address in another spelling': endpoint({ addresses: ['0x17.0.0.10'] }), 'an address with a zone': endpoint({ addresses: ['fe80::1%1'] }), 'an empty address': endpoint({ addresses: [''] }),
      '65 addresses': endpoint({ addresses: Array.from({ length: 65 }, (_, i) => `23.0.0.${i + 1}`) }),
      'a server name that is a number': endpoint({ sni: 1 }), 'a server name with a blank': endpoint({ sni: 'a b' }), 'a server name that is an address': endpoint({ sni: '127.0.0.1' }),
      'a method in small letters': endpoint({ protocol: 'http', method: 'get' }), 'a method with a blank': endpoint({ protocol: 'http', method: 'GET ' }),
      'dot segments': endpoint({ protocol: 'http', path: '/a/../b' }), 'dot segments in escapes': endpoint({ protocol: 'http', path: '/a/%2e%2e/b' }), 'an escaped slash': endpoint({ protocol: 'http', path: '/a%2fb' }),
      'an escaped backslash': endpoint({ protocol: 'http', path: '/a%5cb' }), 'an escaped NUL': endpoint({ protocol: 'http', path: '/a%00' }), 'half an escape': endpoint({ protocol: 'http', path: '/a%2' }), 'a relative path': endpoint({ protocol: 'http', path: 'a' }),
      'a source that is no address': { ...endpoint({}), context: { source: 'here' } },
    };
    for (const [name, question] of Object.entries(details)) {
      it(`about egress, ${name} is 400`, async () => assertRefused(await evaluate(question), 400, 'bad-request'));
    }

    it('who is not told by a token of ours is denied, whatever else is said of it', async () => {
      const subjects = {
        'token-missing': [{ type: 'user', id: 'idp/rita' }, { type: 'session', id: sessionId }, { type: 'user', id: 'idp/rita', properties: { groups: ['admins'], roles: ['admin'], verified: true } }, { type: 'service', id: 'x' }],
        'token-invalid': [{ type: 'session', id: 'ses_01JDF3ZJ9GQ5C6B2M8N4T7V0XY', properties: { token: session } }, { type: 'session', id: sessionId, properties: { token: 'x' } },
          { type: 'user', id: 'idp/rita', properties: { token: session } }, { type: 'user', id: 'idp/other', properties: { token: idpToken() } }, { type: 'session', id: sessionId, properties: { token: idpToken() } }],
        'session-unknown': [{ type: 'address', id: '10.0.0.1' }],
      };
      for (const [reason, list] of Object.entries(subjects)) {
        for (const subject of list) {
          const answer = await evaluate({ ...endpoint({ addresses: ['23.0.0.10'] }), subject });
          assert.deepEqual([answer.status, answer.json.decision, answer.json.context?.reason], [200, false, reason], JSON.stringify(subject) + answer.text);
        }
      }
      assert.equal((await evaluate(endpoint({ addresses: ['23.0.0.10'] }))).json.decision, true, 'who is, is not');
    });

    it('other methods, paths and content types are refused', async () => {
      for (const path of ['/access/v1/evaluation', '/access/v1/evaluations', '/v1/outcomes', '/v1/token']) {
        for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
          const answer = await request(pdp.url + path, { method });
          assert.deepEqual([answer.status, answer.headers.allow], [405, 'POST'], `${method} ${path}`);
        }
      }
      for (const path of ['/', '/access/v1/evaluation/', '/access/v1/Evaluation', '/access//v1/evaluation', '/access/v1/../v1/evaluation', '/access/v1/%65valuation', '/v1/admin']) {
        const text = await exchangeBytes('127.0.0.1', pdp.port, `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gates.all}\r\nConnection: close\r\nContent-Length: ${good.length}\r\n\r\n${good}`);
        assert.deepEqual(statuses(text), [404], path);
      }
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'multipart/form-data; boundary=x', 'text/html;application/json']) {
        assertRefused(await evaluate(mayRead(), { headers: { 'Content-Type': type } }), 415, 'unsupported-media-type');
      }
      await stillAnswers();
    });

    it('a body of 2 MB is 413, announced or not', async () => {
      const large = with_(`"id":"1","properties":{"a":"${'x'.repeat(2 << 20)}"}`);
      assertRefused(await evaluate(large), 413, 'too-large');
      const chunk = `${(large.length).toString(16)}\r\n${large}\r\n0\r\n\r\n`;
      const text = await exchangeBytes('127.0.0.1', pdp.port, `POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gates.all}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
      assert.deepEqual(statuses(text), [413]);
      await stillAnswers();
    });
    it('the largest question is answered, and its record fits', async () => {
      const answer = await evaluate(change('/resource/id', 'x'.repeat(900_000)));
      assert.deepEqual([answer.status, answer.json.decision], [200, true]);
      const record = (await pdp.records('--kind', 'decision')).find((each) => each.id === answer.json.context.id);
      assert.deepEqual(record.truncated, [{ bytes: 900_002, field: '/resource/id' }]);
    });
  });

  describe('without the right credential', () => {
    it('a gate that is not known is 401, on every listener', async () => {
      const bad = { none: '', 'a made up one': 'pep_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'half of one': gates.all.slice(0, -1), 'one and more': `${gates.all}A`, 'a workload\'s token': session, 'a provider\'s token': idpToken(), 'another case': gates.all.toUpperCase() };
      for (const [name, gate] of Object.entries(bad)) {
        for (const path of ['/access/v1/evaluation', '/access/v1/evaluations', '/v1/outcomes']) {
          const answer = await post(path, mayRead(), { gate });
          assert.deepEqual([answer.status, answer.json.type, answer.headers['www-authenticate']], [401, problemType('unauthenticated'), 'Bearer realm="portreeve"'], name);
        }
      }
      const basic = await evaluate(mayRead(), { gate: null, headers: { Authorization: `Basic ${Buffer.from(`all:${gates.all}`).toString('base64')}` } });
      assert.equal(basic.status, 401);
      const bySocket = await evaluate(mayRead(), { gate: null, socket: pdp.socket });
      assert.equal(bySocket.status, 401, 'the Unix socket is for another user');
    });
    it('a gate of another domain is 403, in a batch as well', async () => {
      assertRefused(await evaluate(mayRead(), { gate: gates.egress }), 403, 'domain-not-allowed');
      assertRefused(await evaluations({ evaluations: [endpoint({}), mayRead()] }, { gate: gates.egress }), 403, 'domain-not-allowed');
      for (const question of [endpoint({}), at('packages.example.org'), { ...mayRead(), action: { name: 'secret.use' }, resource: { type: 'secret', id: 'x' } }, { ...mayRead(), action: { name: 'process.exec' }, resource: { type: 'program', id: '/bin/sh' } }]) {
        assertRefused(await evaluate(question, { gate: gates.access }), 403, 'domain-not-allowed');
      }
    });
    it('a gate made beside the running PDP is believed, and no longer once it is removed', async () => {
      const gate = await pdp.addGate('short-lived', 'access');
      await eventually('it to be believed', async () => (await evaluate(mayRead(), { gate })).status === 200);
      const removed = await run(program('portreeve'), ['pep', 'remove', 'short-lived', '--data', pdp.data]);
      assert.equal(removed.code, 0, removed.stderr);
      await eventually('it to be refused', async () => (await evaluate(mayRead(), { gate })).status === 401);
    });
  });

  describe('as a batch', () => {
    const denied = { resource: { type: 'document', id: 'secret' } };
    const read = (answer) => answer.json.evaluations.map((each) => each.decision);
    it('of 256 is answered, of 257 refused', async () => {
      const full = await evaluations({ ...mayRead(), evaluations: Array(256).fill({}) });
      assert.deepEqual(read(full), Array(256).fill(true));
      assertRefused(await evaluations({ ...mayRead(), evaluations: Array(257).fill({}) }), 400, 'bad-request');
    });
    it('of other things than questions is refused', async () => {
      for (const list of ['x', 1, {}, [1], [null], [[]], ['x'], true]) assertRefused(await evaluations({ ...mayRead(), evaluations: list }), 400, 'bad-request');
      for (const semantic of ['', 'EXECUTE_ALL', 'all', 1, null, {}, ['execute_all']]) {
        assertRefused(await evaluations({ ...mayRead(), evaluations: [{}], options: { evaluations_semantic: semantic } }), 400, 'bad-request');
      }
      for (const options of [1, 'x', [], null]) assertRefused(await evaluations({ ...mayRead(), evaluations: [{}], options }), 400, 'bad-request');
    });
    it('answers malformed questions in their place, by a denial', async () => {
      const answer = await evaluations({ ...mayRead(), evaluations: [{}, { action: { name: '' } }, denied, { resource: null }, {}] });
      assert.deepEqual(read(answer), [true, false, false, false, true]);
      assert.deepEqual([1, 3].map((i) => answer.json.evaluations[i].context.error.status), [400, 400]);
      assert.match(answer.json.evaluations[1].context.error.field, /^\/evaluations\/1\/action/);
    });
    it('ends early where it is told to, and then takes no malformed question', async () => {
      const semantic = (name, list) => evaluations({ ...mayRead(), evaluations: list, options: { evaluations_semantic: name } });
      assert.deepEqual(read(await semantic('execute_all', [{}, denied, {}])), [true, false, true]);
      assert.deepEqual(read(await semantic('deny_on_first_deny', [{}, denied, {}])), [true, false]);
      assert.deepEqual(read(await semantic('permit_on_first_permit', [denied, {}, denied])), [false, true]);
      for (const name of ['deny_on_first_deny', 'permit_on_first_permit']) {
        assertRefused(await semantic(name, [{}, { action: {} }]), 400, 'bad-request');
      }
    });
    it('without a list is one question', async () => {
      assert.equal((await evaluations(mayRead())).json.decision, true);
      assert.equal((await evaluations({ ...mayRead(), evaluations: [] })).json.decision, true);
    });
  });

  describe('as AuthZEN says', () => {
    it('answers have the form of its schema, allowed, denied, in batches', async (t) => {
      const at = join(sourceFolder, '../shared/data/authzen');
      if (!existsSync(join(at, 'evaluation-response.schema.json'))) return t.skip('the schemas of AuthZEN are not here');
      const [asked, told] = ['request', 'response'].map((name) => JSON.parse(readFileSync(join(at, `evaluation-${name}.schema.json`), 'utf8')));
      assert.notDeepEqual(problems(told, { decision: 'yes' }), [], 'the schema can be broken');
      for (const question of [mayRead(), mayRead('secret'), endpoint({ addresses: ['23.0.0.10'] }), at_('other.example.org')]) {
        assert.deepEqual(problems(asked, question), []);
        assert.deepEqual(problems(told, (await evaluate(question)).json), []);
      }
      const batch = await evaluations({ ...mayRead(), evaluations: [{}, { action: {} }] });
      for (const each of batch.json.evaluations) assert.deepEqual(problems(told, each), []);
      return undefined;
    });
    const at_ = (host) => at(host);
    it('X-Request-ID comes back, with every answer', async () => {
      const id = 'request-\'"<>;=,0';
      const headers = { 'X-Request-ID': id };
      const all = [await evaluate(mayRead(), { headers }), await evaluate('{', { headers }), await evaluate(mayRead(), { headers, gate: null }), await evaluations({ ...mayRead(), evaluations: [{}] }, { headers }),
        await request(`${pdp.url}/nowhere`, { headers }), await request(`${pdp.url}/access/v1/evaluation`, { headers })];
      assert.deepEqual(all.map((answer) => [answer.status, answer.headers['x-request-id']]), [200, 400, 401, 200, 404, 405].map((status) => [status, id]));
      assert.equal((await evaluate(mayRead())).headers['x-request-id'], undefined);
    });
    it('its metadata names endpoints that answer', async () => {
      const { json } = await request(`${pdp.url}/.well-known/authzen-configuration`);
      assert.equal(json.policy_decision_point, pdp.url);
      assert.deepEqual([json.access_evaluation_endpoint, json.access_evaluations_endpoint], ['evaluation', 'evaluations'].map((name) => `${pdp.url}/access/v1/${name}`));
      const answer = await postJson(json.access_evaluation_endpoint, mayRead(), { headers: { Authorization: `Bearer ${gates.all}` } });
      answered.add(answer.json.context.id);
      assert.equal(answer.json.decision, true);
    });
  });

  describe('as a token exchange', () => {
    const grant = 'urn:ietf:params:oauth:grant-type:token-exchange';
    const type = 'urn:ietf:params:oauth:token-type:jwt';
    const exchange = (body, headers = {}) => request(`${pdp.url}/v1/token`, { method: 'POST', body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } });
    const form = (fields) => new URLSearchParams(Object.entries({ grant_type: grant, subject_token: idpToken(), subject_token_type: type, ...fields }).filter(([, value]) => value !== undefined)).toString();
    const table = {
      'nothing': ['invalid_request', () => ''],
      'an unknown grant': ['unsupported_grant_type', () => form({ grant_type: 'client_credentials' })],
      'no grant': ['invalid_request', () => form({ grant_type: undefined })],
      'no token': ['invalid_request', () => form({ subject_token: undefined })],
      'an empty token': ['invalid_request', () => form({ subject_token: '' })],
      'no token type': ['invalid_request', () => form({ subject_token_type: undefined })],
      'a token type of SAML': ['invalid_request', () => form({ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' })],
      'a wish for a refresh token': ['invalid_request', () => form({ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' })],
      'an actor': ['invalid_request', () => form({ actor_token: idpToken(), actor_token_type: type })],
      'a role of nobody as scope': ['invalid_scope', () => form({ scope: 'admin' })],
      'an empty scope': ['invalid_scope', () => form({ scope: '' })],
      'a scope with two spaces': ['invalid_scope', () => form({ scope: 'agent  agent' })],
      'a scope of 257 roles': ['invalid_scope', () => form({ scope: Array(257).fill('agent').join(' ') })],
      'an audience': ['invalid_target', () => form({ audience: 'portreeve-supervisor' })],
      'a resource': ['invalid_target', () => form({ resource: 'https://example.org' })],
      'a tenant that is not the subject\'s': ['invalid_request', () => form({ tenant: 'globex' })],
      'a field twice': ['invalid_request', () => `${form()}&grant_type=${encodeURIComponent(grant)}`],
      'a field without =': ['invalid_request', () => `${form()}&x`],
      'half an escape': ['invalid_request', () => `${form()}&x=%4`],
      'a bad escape': ['invalid_request', () => `${form()}&x=%zz`],
      'a NUL': ['invalid_request', () => `${form()}&x=%00`],
      'ill-formed UTF-8': ['invalid_request', () => `${form()}&x=%ff`],
      'a raw byte': ['invalid_request', () => bytes(`${form()}&x=\xff`)],
      'JSON': ['invalid_request', () => JSON.stringify({ grant_type: grant })],
      'a thousand fields': ['invalid_request', () => `${form()}&${Array.from({ length: 1000 }, (_, i) => `f${i}=1`).join('&')}`],
      '900 KB': ['invalid_request', () => form({ subject_token: 'x'.repeat(900_000) })],
      'labels that are no JSON': ['invalid_request', () => form({ session_labels: '{' })],
      'labels that are a list': ['invalid_request', () => form({ session_labels: '[]' })],
      'a label that is no text': ['invalid_request', () => form({ session_labels: '{"a":1}' })],
      'a label twice': ['invalid_request', () => form({ session_labels: '{"a":"1","a":"2"}' })],
      'labels without end': ['invalid_request', () => form({ session_labels: JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 'v']))) })],
      'a token signed by someone else': ['invalid_request', () => form({ subject_token: forge({ alg: 'EdDSA', kid: key.kid }, { iss: 'https://idp.example.com', aud: 'portreeve', sub: 'x', exp: 4e9 }, generateKeyPairSync('ed25519').privateKey) })],
      'a token that is 10 000 dots': ['invalid_request', () => form({ subject_token: '.'.repeat(10_000) })],
    };
    for (const [name, [error, body]] of Object.entries(table)) {
      it(`${name} is ${error}`, async () => {
        const answer = await exchange(body());
        assert.deepEqual([answer.status, answer.json?.error, answer.json?.access_token, answer.headers['cache-control']], [400, error, undefined, 'no-store'], answer.text.slice(0, 300));
      });
    }
    it('of another content type or size is refused', async () => {
      for (const kind of ['application/json', 'text/plain', 'multipart/form-data']) assert.equal((await exchange(form(), { 'Content-Type': kind })).status, 415, kind);
      assert.equal((await exchange('x='.padEnd(2 << 20, 'y'))).status, 413);
    });
    it('in order is a session: the table above fails for its own reasons only', async () => {
      const answer = await exchange(form({ session_labels: '{"task":"42"}' }));
      assert.deepEqual([answer.status, answer.json.token_type, answer.headers['cache-control']], [200, 'Bearer', 'no-store'], answer.text);
    });
  });

  describe('as outcomes', () => {
    const boot = '0123456789abcdef'.repeat(2);
    const time = '2026-01-01T00:00:00Z';
    const refusal = (seq, more) => ({ seq, kind: 'refusal', time, reason: 'pdp-unavailable', action: 'egress.connect', host: 'a.example.org', port: 443, ...more });
    const report = (records, { gate, boot: run_ = boot } = {}) => post('/v1/outcomes', { boot: run_, records }, { gate });
    const table = {
      'nothing': {}, 'no records': { boot, records: [] }, 'a record that is no object': { boot, records: [1] }, 'no boot': { records: [refusal(1)] },
      'a boot in capitals': { boot: boot.toUpperCase(), records: [refusal(1)] }, 'a short boot': { boot: '1', records: [refusal(1)] },
      'a decision that a gate claims to have made': { boot, records: [refusal(1, { kind: 'decision', decision: 'dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY' })] }, 'an act of an admin': { boot, records: [refusal(1, { kind: 'admin' })] },
      'a refusal that names a decision': { boot, records: [refusal(1, { decision: 'dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY' })] }, 'an outcome that names none': { boot, records: [refusal(1, { kind: 'outcome' })] },
      'sequence number 0': { boot, records: [refusal(0)] }, 'a negative one': { boot, records: [refusal(-1)] }, 'half a one': { boot, records: [refusal(1.5)] }, 'one of 2^60': { boot, records: [refusal(2 ** 60)] },
      'one twice': { boot, records: [refusal(1), refusal(1)] }, 'numbers that fall': { boot, records: [refusal(2), refusal(1)] }, 'no time': { boot, records: [refusal(1, { time: undefined })] }, 'a time without zone': { boot, records: [refusal(1, { time: '2026-01-01T00:00:00' })] },
      'a reason of its own': { boot, records: [refusal(1, { reason: 'rule-allow\n' })] }, 'negative bytes': { boot, records: [refusal(1, { bytesIn: -1 })] }, 'bytes as text': { boot, records: [refusal(1, { bytesIn: '1' })] },
      'a host of 2 KB': { boot, records: [refusal(1, { host: 'x'.repeat(2000) })] }, '1025 records': { boot, records: Array.from({ length: 1025 }, (_, i) => refusal(i + 1)) },
    };
    for (const [name, body] of Object.entries(table)) {
      it(`${name} is 400`, async () => assertRefused(await post('/v1/outcomes', body), 400, 'bad-request'));
    }

    it('that name decisions which the gate was not given are listed as refused, and are not in the log', async () => {
      const decided = (await evaluate(mayRead())).json.context.id;
      const outcome = (seq, decision) => ({ seq, kind: 'outcome', time, decision, result: 'closed', gate: 'all', source: { name: 'forged' } });
      const forged = await report([outcome(1, decided), outcome(2, 'dec_01JDF3ZJ9GQ5C6B2M8N4T7V0XY'), outcome(3, 'x')], { gate: gates.other });
      assert.deepEqual([forged.status, forged.json.acknowledged, forged.json.refused.map((each) => each.seq)], [200, 3, [1, 2, 3]], forged.text);
      const own = await report([outcome(1, decided)]);
      assert.deepEqual([own.status, own.json.acknowledged, own.json.refused], [200, 1, undefined], own.text);
      const stored = (await pdp.records('--kind', 'outcome')).filter((record) => record.boot === boot);
      assert.deepEqual(stored.map((record) => [record.gate, record.decisionId, record.source.name]), [['all', decided, 'pdp']]);
    });
    it('that come again are stored once', async () => {
      const other = 'f'.repeat(32);
      const records = [refusal(1), refusal(2), refusal(3)];
      const answers = await Promise.all(Array.from({ length: 8 }, () => report(records, { boot: other })));
      answers.push(await report([...records, refusal(4)], { boot: other }));
      assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
      assert.equal(answers.at(-1).json.acknowledged, 4);
      const stored = (await pdp.records('--kind', 'refusal')).filter((record) => record.boot === other);
      assert.deepEqual(stored.map((record) => record.seq), [1, 2, 3, 4]);
    });
  });

  describe('as bytes, to the decision listener', () => {
    const good = JSON.stringify(mayRead());
    const head = (...fields) => ['POST /access/v1/evaluation HTTP/1.1', 'Host: x', `Authorization: Bearer ${gates.all}`, ...fields].join('\r\n') + '\r\n\r\n';
    const smuggled = () => `POST /access/v1/evaluation HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gates.all}\r\nContent-Length: ${good.length}\r\n\r\n${good}`;
    const chunked = (body) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const table = {
      'length and chunks': [400, () => head(`Content-Length: ${good.length}`, 'Transfer-Encoding: chunked') + chunked(good) + smuggled()],
      'chunks and length': [400, () => head('Transfer-Encoding: chunked', 'Content-Length: 4') + chunked(good) + smuggled()],
      'two lengths': [400, () => head(`Content-Length: ${good.length}`, 'Content-Length: 0') + good + smuggled()],
      'the same length twice': [400, () => head(`Content-Length: ${good.length}`, `Content-Length: ${good.length}`) + good],
      'a list of lengths': [400, () => head(`Content-Length: ${good.length}, ${good.length}`) + good],
      'a length with a plus': [400, () => head(`Content-Length: +${good.length}`) + good],
      'a negative length': [400, () => head('Content-Length: -1') + good],
      'a length in hexadecimal': [400, () => head(`Content-Length: 0x${good.length.toString(16)}`) + good],
      'an empty length': [400, () => head('Content-Length:') + good],
      'a length of 2^64': [400, () => head('Content-Length: 18446744073709551616') + good],
      'a length of a terabyte': [413, () => head('Content-Length: 1099511627776') + good],
      'a coding that is not chunked': [400, () => head('Transfer-Encoding: gzip, chunked') + chunked(good)],
      'the coding identity': [400, () => head('Transfer-Encoding: identity') + good],
      'the coding in odd blanks': [400, () => head('Transfer-Encoding : chunked') + chunked(good)],
      'the coding twice': [400, () => head('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + chunked(good)],
      'a coding with a tail': [400, () => head('Transfer-Encoding: xchunked') + chunked(good)],
      'a chunk size that overflows': [400, () => head('Transfer-Encoding: chunked') + `ffffffffffffffff1\r\n${good}\r\n0\r\n\r\n`],
      'a chunk size that is no number': [400, () => head('Transfer-Encoding: chunked') + `zz\r\n${good}`],
      'a chunk that is longer than it says': [400, () => head('Transfer-Encoding: chunked') + `1\r\n${good}\r\n0\r\n\r\n`],
      'a folded field': [400, () => head('X-A: b\r\n c', `Content-Length: ${good.length}`) + good],
      'line feeds alone': [400, () => head(`Content-Length: ${good.length}`).replaceAll('\r\n', '\n') + good],
      'a carriage return alone': [400, () => head('X-A: b\rX-C: d', `Content-Length: ${good.length}`) + good],
      'a NUL in a field': [400, () => head('X-A: a\0b', `Content-Length: ${good.length}`) + good],
      'a field without name': [400, () => head(': b', `Content-Length: ${good.length}`) + good],
      'a field without colon': [400, () => head('X-A', `Content-Length: ${good.length}`) + good],
      'a blank in a field name': [400, () => head('X A: b', `Content-Length: ${good.length}`) + good],
      'an empty line first': [400, () => `\r\n${head(`Content-Length: ${good.length}`)}${good}`],
      'no Host': [400, () => head(`Content-Length: ${good.length}`).replace('Host: x\r\n', '') + good],
      'two Hosts': [400, () => head('Host: y', `Content-Length: ${good.length}`) + good],
      'a whole URL as target': [400, () => head(`Content-Length: ${good.length}`).replace('/access', 'http://x/access') + good],
      'a fragment': [400, () => head(`Content-Length: ${good.length}`).replace('evaluation ', 'evaluation#x ') + good],
      'two blanks': [400, () => head(`Content-Length: ${good.length}`).replace('POST /', 'POST  /') + good],
      'a method that is none': [400, () => head(`Content-Length: ${good.length}`).replace('POST', 'PO(ST') + good],
      'HTTP/1.2': [505, () => head(`Content-Length: ${good.length}`).replace('HTTP/1.1', 'HTTP/1.2') + good],
      'HTTP/2.0': [505, () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      'HTTP/0.9': [400, () => 'GET /healthz\r\n\r\n'],
      'CONNECT': [400, () => 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n'],
      'a TLS hello': [400, () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      'an expectation': [417, () => head('Expect: the-unexpected', `Content-Length: ${good.length}`) + good],
      '1000 fields': [431, () => head(...Array.from({ length: 1000 }, (_, i) => `X-${i}: y`), `Content-Length: ${good.length}`) + good],
      'a field of 64 KiB': [431, () => head(`X-A: ${'a'.repeat(65_536)}`, `Content-Length: ${good.length}`) + good],
      'a target of 64 KiB': [431, () => `GET /${'a'.repeat(65_536)} HTTP/1.1\r\nHost: x\r\n\r\n`],
      'a head that does not end': [431, () => `GET / HTTP/1.1\r\n${'X-A: b\r\n'.repeat(4000)}`],
    };
    for (const [name, [status, make]] of Object.entries(table)) {
      it(`${name} is ${status}, once, and the connection ends`, async () => {
        const text = await exchangeBytes('127.0.0.1', pdp.port, make());
        assert.deepEqual(statuses(text), [status], text.slice(0, 300));
        assert.match(text, /^connection: close\r$/mi);
        assert.doesNotMatch(text, /"decision"/);
        await stillAnswers();
      });
    }
    it('what is well framed is answered: the table above fails for its own reasons only', async () => {
      const text = await exchangeBytes('127.0.0.1', pdp.port, head(`Content-Length: ${good.length}`) + good + head('Transfer-Encoding: chunked') + chunked(good) + head('Connection: close', `Content-Length: ${good.length}`) + good);
      assert.deepEqual(statuses(text), [200, 200, 200], 'three requests in one go, three answers');
      const ids = [...text.matchAll(/"id":"(dec_\w+)"/g)].map((match) => match[1]);
      assert.equal(new Set(ids).size, 3);
      for (const id of ids) answered.add(id);
    });
    it('chunks ended by line feeds alone are never taken for chunks', async () => {
      const body = `${good.length.toString(16)}\n${good}\n0\n\n`;
      const text = await exchangeBytes('127.0.0.1', pdp.port, head('Transfer-Encoding: chunked') + body, { end: true });
      assert.doesNotMatch(text, /200 OK|"decision"/);
      await stillAnswers();
    });
    it('400 connections that say nothing keep nobody else out', async () => {
      const idle = await Promise.all(Array.from({ length: 400 }, () => new Promise((resolve) => { const socket = net.connect(pdp.port, '127.0.0.1', () => resolve(socket)); socket.on('error', () => resolve(socket)); })));
      await stillAnswers();
      for (const socket of idle) socket.destroy();
    });
    it('gates that leave before their answer are no trouble', async () => {
      await Promise.all(Array.from({ length: 100 }, () => new Promise((resolve) => {
        const socket = net.connect(pdp.port, '127.0.0.1', () => { socket.write(smuggled()); socket.resetAndDestroy(); });
        socket.on('close', resolve);
        socket.on('error', () => {});
      })));
      await stillAnswers();
    });
    it('a request that does not come to an end is cut off', async () => {
      const text = await slow;
      assert.deepEqual(statuses(text), [408]);
    });
  });

  describe('to the proxy', () => {
    const auth = () => `Proxy-Authorization: Basic ${Buffer.from(`session:${session}`).toString('base64')}`;
    const connect = (target, ...fields) => [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`, auth(), ...fields].join('\r\n') + '\r\n\r\n';
    const good = () => connect('packages.example.org:443');
    it('a good request opens a tunnel: the tables below fail for their own reasons only', async () => {
      const opened = await egress.connect('packages.example.org:443', session);
      assert.equal(opened.status, 200, JSON.stringify(opened.body));
      answered.add(opened.headers['x-decision-id']);
      opened.socket.destroy();
    });
    const table = {
      'GET of a URL': [501, () => good().replace('CONNECT packages.example.org:443', 'GET http://packages.example.org/')],
      'GET of a path': [501, () => good().replace('CONNECT packages.example.org:443', 'GET /')],
      'CONNECT in small letters': [501, () => good().replace('CONNECT', 'connect')],
      'HTTP/2.0': [400, () => good().replace('HTTP/1.1', 'HTTP/2.0')],
      'no version': [400, () => 'CONNECT packages.example.org:443\r\n\r\n'],
      'no Host': [400, () => good().replace(/Host: .*\r\n/, '')],
      'two Hosts': [400, () => connect('packages.example.org:443', 'Host: packages.example.org:443')],
      'another Host': [400, () => good().replace('Host: packages', 'Host: other')],
      'two credentials': [400, () => connect('packages.example.org:443', auth())],
      'Basic that is no base64': [400, () => good().replace(/Basic .*/, 'Basic ???')],
      'Basic without colon': [400, () => good().replace(/Basic .*\r/, `Basic ${Buffer.from('x').toString('base64')}\r`)],
      'a token with a line feed': [400, () => good().replace(/Basic .*\r/, `Basic ${Buffer.from('session:a\nb').toString('base64')}\r`)],
      'a body': [400, () => connect('packages.example.org:443', 'Content-Length: 5') + 'hello'],
      'chunks': [400, () => connect('packages.example.org:443', 'Transfer-Encoding: chunked') + '0\r\n\r\n'],
      'length and chunks': [400, () => connect('packages.example.org:443', 'Content-Length: 0', 'Transfer-Encoding: chunked')],
      'two lengths': [400, () => connect('packages.example.org:443', 'Content-Length: 0', 'Content-Length: 1')],
      'a Connection that takes the credential away': [400, () => connect('packages.example.org:443', 'Connection: proxy-authorization')],
      'a folded field': [400, () => connect('packages.example.org:443', 'X-A: b\r\n c')],
      'line feeds alone': [400, () => good().replaceAll('\r\n', '\n')],
      'a blank before the colon': [400, () => connect('packages.example.org:443', 'X-A : b')],
      'a NUL': [400, () => connect('packages.example.org:443', 'X-A: \0')],
      'an empty line first': [400, () => `\r\n${good()}`],
      'a TLS hello': [400, () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\0\0\0\0\0'],
      '9 KB of head': [431, () => connect('packages.example.org:443', `X-A: ${'a'.repeat(9000)}`)],
      '200 fields': [431, () => connect('packages.example.org:443', ...Array.from({ length: 200 }, (_, i) => `X-${i}: y`))],
      ...Object.fromEntries(['packages.example.org', 'packages.example.org:', 'packages.example.org:0', 'packages.example.org:65536', 'packages.example.org:0443', 'packages.example.org:443:443', ':443', 'user@packages.example.org:443', 'http://packages.example.org:443',
        'packages.example.org:443/', 'packages.example.org:https', 'a..b:443', '2130706433:443', '0x7f000001:443', '0177.0.0.1:443', '127.1:443', '[::1:443', '::1:443', '[::1%25lo]:443', '[127.0.0.1]:443', 'packages.example.org%2f:443', `${'a'.repeat(64)}.org:443`, '*:443']
        .map((target) => [`the target ${target.slice(0, 40)}`, [400, () => connect(target)]])),
    };
    for (const [name, [status, make]] of Object.entries(table)) {
      it(`${name} is ${status}`, async () => {
        const text = await exchangeBytes(egress.host, egress.port, make());
        assert.deepEqual(statuses(text), [status], text.slice(0, 300));
        assert.match(text, /^x-deny-reason: bad-request\r$/m);
        assert.equal(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).decision, false);
      });
    }
    it('is on record, each time', async () => {
      const wanted = Object.keys(table).length;
      await eventually('the refusals', async () => (await pdp.records('--kind', 'refusal', '--reason', 'bad-request', '--pep', 'gate')).length >= wanted);
    });
    it('without credentials, again and again, ends the connection', async () => {
      const text = await exchangeBytes(egress.host, egress.port, Array(20).fill('CONNECT packages.example.org:443 HTTP/1.1\r\nHost: packages.example.org:443\r\n\r\n').join(''));
      assert.ok(statuses(text).length >= 1 && statuses(text).length < 20, text.slice(0, 200));
      assert.deepEqual([...new Set(statuses(text))], [407]);
    });
    it('a tunnel is good for one judged host: a second CONNECT inside goes nowhere', async () => {
      const text = await exchangeBytes(egress.host, egress.port, good() + connect('other.example.org:443'));
      answered.add(/x-decision-id: (\w+)/.exec(text)[1]);
      assert.deepEqual(statuses(text), [200]);
      assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4).charCodeAt(0), 0x15, 'an alert');
    });
    it('TLS hellos that are malformed end in an alert, and nothing goes on', async () => {
      const record = (body) => Buffer.concat([Buffer.from([0x16, 3, 1, body.length >> 8, body.length & 255]), body]);
      const hellos = {
        'a record without content': record(Buffer.alloc(0)), 'a record of 20 KB': Buffer.concat([Buffer.from([0x16, 3, 1, 0x50, 0]), Buffer.alloc(20_480)]), 'a hello that is too long': record(Buffer.from([1, 0xff, 0xff, 0xff, 3, 3])),
        'another handshake message': record(Buffer.from([2, 0, 0, 2, 3, 3])), 'an alert': Buffer.from([0x15, 3, 1, 0, 2, 2, 40]), 'application data': Buffer.from([0x17, 3, 3, 0, 1, 0]), 'SSL 2': Buffer.from([0x80, 0x2e, 1, 0, 2]), 'HTTP': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        'lengths that lie': record(Buffer.concat([Buffer.from([1, 0, 0, 38, 3, 3]), Buffer.alloc(32), Buffer.from([200, 1, 1, 0])])),
      };
      for (const [name, hello] of Object.entries(hellos)) {
        const opened = await egress.connect('packages.example.org:443', session);
        answered.add(opened.headers['x-decision-id']);
        opened.socket.end(hello);
        const parts = [];
        for await (const part of opened.socket) parts.push(part);
        assert.equal(Buffer.concat(parts)[0], 0x15, name);
      }
      const seen = await eventually('the origin to have no open connection', () => world.connections());
      assert.deepEqual(seen.filter((connection) => connection.bytes > 0), [], 'not one byte went up');
    });
    it('a good request opens a tunnel afterwards', async () => {
      const opened = await egress.connect('packages.example.org:443', session);
      answered.add(opened.headers['x-decision-id']);
      assert.equal(opened.status, 200);
      opened.socket.destroy();
    });
  });

  it('random changes of good requests are answered or refused, and nothing breaks', async (t) => {
    const seed = Number(process.env.PORTREEVE_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`PORTREEVE_SEED=${seed}`);
    const random = dice(seed);
    const below = (n) => Math.floor(random() * n);
    const post_ = (path, type, body) => `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gates.all}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const goods = [
      [pdp.port, post_('/access/v1/evaluation', 'application/json', JSON.stringify(endpoint({ addresses: ['23.0.0.10'] })))],
      [pdp.port, post_('/access/v1/evaluations', 'application/json', JSON.stringify({ ...mayRead(), evaluations: [{}, {}], options: { evaluations_semantic: 'execute_all' } }))],
      [pdp.port, post_('/v1/outcomes', 'application/json', JSON.stringify({ boot: '9'.repeat(32), records: [{ seq: 1, kind: 'refusal', time: '2026-01-01T00:00:00Z', reason: 'pdp-unavailable', host: 'a.example.org', port: 443 }] }))],
      [pdp.port, post_('/v1/token', 'application/x-www-form-urlencoded', `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt&subject_token=${idpToken()}`)],
      [egress.port, `CONNECT packages.example.org:443 HTTP/1.1\r\nHost: packages.example.org:443\r\nProxy-Authorization: Basic ${Buffer.from(`session:${session}`).toString('base64')}\r\n\r\n`],
    ];
    const odd = ['\0', '\r\n', '\n', ' ', '"', '\\', '{', '}', '[', ']', ',', ':', '%00', '\xff', '\\ud800', '0', '-', '1e9', 'null', '\t', 'é', '..', '/', '@'];
    const mutate = (text) => {
      for (let edits = 1 + below(3); edits > 0; --edits) {
        const at = below(text.length);
        const end = Math.min(text.length, at + below(8));
        switch (below(4)) {
          case 0: text = text.slice(0, at) + text.slice(end); break;
          case 1: text = text.slice(0, at) + odd[below(odd.length)] + text.slice(at); break;
          case 2: text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1); break;
          default: text = text.slice(0, end) + text.slice(at, end) + text.slice(end); break;
        }
      }
      return text;
    };
    const counts = {};
    for (let i = 0; i < 2500; ++i) {
      const [port, good] = goods[i % goods.length];
      const sent = mutate(good);
      const text = await exchangeBytes('127.0.0.1', port, sent, { end: true });
      for (const [, id] of text.matchAll(/"id":"(dec_\w+)"|x-decision-id: (dec_\w+)/g)) if (id) answered.add(id);
      for (const status of statuses(text)) counts[status] = (counts[status] ?? 0) + 1;
      const bad = statuses(text).filter((status) => status >= 500 && ![501, 505].includes(status));
      assert.deepEqual(bad, [], `change ${i} of seed ${seed}: ${JSON.stringify(sent)} was answered by ${text}`);
    }
    t.diagnostic(JSON.stringify(counts));
    assert.ok(counts[200] > 50 && counts[400] > 500, 'some are still good, many are not');
    await stillAnswers();
  });

  it('in all that, nothing that was answered is missing from the log, and both programs end in order', async () => {
    assert.equal(pdp.process.hasEnded || egress.process.hasEnded, false, 'neither has crashed');
    const { text } = await request(`${pdp.admin}/metrics`);
    assert.match(text, /^portreeve_unreachable_states_total 0$/m);
    assert.deepEqual(await egress.process.stop(), { code: 0, signal: null }, egress.process.errors);
    assert.deepEqual(await pdp.stop(), { code: 0, signal: null }, pdp.process.errors);
    const logged = (await pdp.records('--kind', 'decision')).map((record) => record.id);
    assert.equal(new Set(logged).size, logged.length);
    const known = new Set(logged);
    assert.ok(answered.size > 300);
    assert.deepEqual([...answered].filter((id) => !known.has(id)), []);
  });
});
