// From a YAML policy and an identity provider's token to an enforced, logged decision: every part is the real one.
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import tls from 'node:tls';
import { forge, Issuer, makeKeys, readToken } from './support/issuer.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { decisionPath } from './support/policies.mjs';
import { eventually, freePort, makeFolder, run } from './support/processes.mjs';
import { exchangeBytes, request } from './support/requests.mjs';
import { Egress, World } from './support/world.mjs';

const zone = `
packages.example.org A 23.0.0.10
git.example.org A 23.0.0.10
limited.example.org A 23.0.0.10
paste.docs.example.org A 23.0.0.10
elsewhere.example.com A 23.0.0.10
plain.docs.example.org A 23.0.0.10
loopback.docs.example.org A 127.0.0.1
private.docs.example.org A 10.0.0.1
metadata.docs.example.org A 169.254.169.254
mapped.docs.example.org AAAA ::ffff:169.254.169.254
mixed.docs.example.org A 23.0.0.10
mixed.docs.example.org A 10.0.0.1
alias.docs.example.org CNAME loopback.docs.example.org
`;
const names = ['packages.example.org', 'git.example.org', 'limited.example.org', 'plain.docs.example.org', 'elsewhere.example.com', 'paste.docs.example.org'];

describe('the decision path', () => {
  const folder = makeFolder('decision-path');
  const keys = makeKeys('first');
  const issuer = new Issuer(keys);
  const world = new World(join(folder, 'world'));
  const pdp = new Pdp(folder, { flags: ['--socket-peer', `${process.getuid()}=egress-e2e:egress`, '--name', 'pdp-e2e'] });
  let egress;
  let session;  // rita's session token
  let kept;  // a token of the provider, from before it went away
  let slow;
  let silent;

  // A session token of the account, by an access token of the provider.
  async function signIn(account, how) {
    const answer = await pdp.exchange(await issuer.accessToken(account, how));
    assert.equal(answer.status, 200, answer.text);
    return answer.json.access_token;
  }
  async function decision(id) {
    const found = (await pdp.records('--kind', 'decision')).filter((record) => record.id === id);
    assert.equal(found.length, 1, `decision ${id} stands once in the log`);
    return found[0];
  }
  // Waits for the gate's report, which comes after the fact.
  const outcome = (id) => eventually(`the outcome of ${id}`, async () =>
    (await pdp.records('--kind', 'outcome')).find((record) => record.decisionId === id));
  // The sessions that a token stands for are read from it; the log names them.
  const sessionOf = (token) => readToken(token).claims.sid;

  before(async () => {
    await issuer.start();
    putPolicy(pdp.policies, 'policies.yaml', decisionPath(issuer.url));
    await Promise.all([pdp.start(), world.start(zone, names)]);
    egress = new Egress(folder, world, pdp.socket, await freePort());
    await egress.start(['--max-kept-answers', '0']);  // a decision a connection
    session = await signIn('rita');
    // Two that keep the proxy waiting; what became of them is looked at when its patience is over.
    slow = exchangeBytes(egress.host, egress.port, 'CONNECT packages.example.org:443 HTTP/1.1\r\nHost: pack', { within: 90_000 });
    silent = egress.connect('packages.example.org:443', session).then(async ({ socket, headers }) => {
      const parts = [];
      for await (const part of socket) parts.push(part);
      return { id: headers['x-decision-id'], said: Buffer.concat(parts) };
    });
    for (const each of [slow, silent]) each.catch(() => {});  // told where it is awaited
  });
  after(async () => {
    await egress?.stop();
    await Promise.all([pdp.process?.stop(), world.process?.stop(), issuer.stop()]);
  });

  describe('a token of the provider', () => {
    for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      it(`signed by ${algorithm} becomes a session`, async () => {
        const token = await issuer.accessToken('rita', { algorithm });
        assert.equal(readToken(token).header.alg, algorithm);
        const answer = await pdp.exchange(token);
        assert.equal(answer.status, 200, answer.text);
        const { header, claims } = readToken(answer.json.access_token);
        assert.deepEqual([header.alg, header.typ], ['EdDSA', 'portreeve-session+jwt']);
        assert.deepEqual([claims.sub, claims.tenant, claims.sid], ['idp/rita-agent', 'acme', answer.json.session_id]);
        assert.ok(answer.json.expires_in > 0 && answer.json.expires_in <= 900, `${answer.json.expires_in} s`);
      });
    }

    it('that a person got by signing in is good as well, and its groups count', async () => {
      const answer = await pdp.exchange(await issuer.idToken('rita'), { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' });
      assert.equal(answer.status, 200, answer.text);
      const page = await egress.curl('https://packages.example.org/', answer.json.access_token);
      assert.deepEqual([page.connect, page.status], [200, 200]);
      assert.equal((await decision(page.decision)).subject.id, 'idp/rita');
    });

    it('for another audience is refused', async () => {
      for (const token of [await issuer.accessToken('rita', { audience: 'elsewhere' }), await issuer.idToken('rita', 'elsewhere')]) {
        const answer = await pdp.exchange(token);
        assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request'], answer.text);
      }
    });

    it('whose time is over is refused', async () => {
      const token = await issuer.accessToken('rita', { seconds: 1 });
      await eventually('its time being over', () => Date.now() >= readToken(token).claims.exp * 1000);
      const answer = await pdp.exchange(token);
      assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request']);
      assert.match(answer.json.error_description, /expired/);
    });
  });

  describe('a token that the provider did not issue', () => {
    const now = () => Math.floor(Date.now() / 1000);
    const claims = (more) => ({ iss: issuer.url, aud: 'portreeve', sub: 'rita', groups: ['/agents/research'], iat: now(), exp: now() + 300, ...more });
    const [rsa, ec, ed] = keys.map((jwk) => createPrivateKey({ key: jwk, format: 'jwk' }));
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const rsaPem = createPrivateKey({ key: keys[0], format: 'jwk' });
    const publicPem = () => Buffer.from(rsaPem.export({ type: 'pkcs8', format: 'pem' }));
    const flipped = (token) => token.slice(0, -10) + (token.at(-10) === 'A' ? 'B' : 'A') + token.slice(-9);

    it('is good where it is signed as the provider signs: the table below fails for its own reasons only', async () => {
      for (const [alg, kid, key] of [['RS256', 'first-rsa', rsa], ['ES256', 'first-ec', ec], ['EdDSA', 'first-ed', ed]]) {
        assert.equal((await pdp.exchange(forge({ alg, kid, typ: 'JWT' }, claims(), key))).status, 200, alg);
      }
    });
    const table = {
      'unsigned (alg none)': () => forge({ alg: 'none', kid: 'first-rsa' }, claims()),
      'signed by HMAC with text that is public': () => forge({ alg: 'HS256', kid: 'first-rsa' }, claims(), Buffer.from(keys[0].n, 'base64url')),
      'signed by HMAC with the PEM of the key': () => forge({ alg: 'HS256', kid: 'first-rsa' }, claims(), publicPem()),
      'signed by a stranger under a known key id': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims(), stranger),
      'signed by a key that it brings along': () => forge({ alg: 'RS256', kid: 'mine', jwk: stranger.export({ format: 'jwk' }) }, claims(), stranger),
      'with a bit of its signature flipped': () => flipped(forge({ alg: 'RS256', kid: 'first-rsa' }, claims(), rsa)),
      'of an algorithm that the key is not for': () => forge({ alg: 'ES256', kid: 'first-rsa' }, claims(), ec),
      'with a critical extension': () => forge({ alg: 'RS256', kid: 'first-rsa', crit: ['exp'] }, claims(), rsa),
      'of another type': () => forge({ alg: 'RS256', kid: 'first-rsa', typ: 'logout+jwt' }, claims(), rsa),
      'of an issuer that no policy names': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims({ iss: 'http://127.0.0.1:9' }), rsa),
      'of an issuer that differs by a slash': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims({ iss: `${issuer.url}/` }), rsa),
      'of the development issuer, without --dev': () => forge({ alg: 'EdDSA', kid: 'first-ed' }, claims({ iss: 'http://127.0.0.1/portreeve-dev' }), ed),
      'without audience': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims({ aud: undefined }), rsa),
      'without expiry': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims({ exp: undefined }), rsa),
      'whose expiry is a text': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims({ exp: `${now() + 300}` }), rsa),
      'that begins in an hour': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims({ nbf: now() + 3600 }), rsa),
      'without subject': () => forge({ alg: 'RS256', kid: 'first-rsa' }, claims({ sub: undefined }), rsa),
      'that is a session token of ours': () => session,
      'of three dots': () => '...',
      'of 20 KiB': () => `e30.${'A'.repeat(20_000)}.AA`,
    };
    for (const [name, make] of Object.entries(table)) {
      it(`${name} is refused`, async () => {
        const answer = await pdp.exchange(make());
        assert.deepEqual([answer.status, answer.json?.error, answer.json?.access_token], [400, 'invalid_request', undefined], answer.text);
      });
    }
  });

  describe('through the proxy', () => {
    const connectionsOver = () => eventually('the origin to have no open connection', () => world.connections());
    it('what a rule allows gets to the origin, and the log tells by which rule', async () => {
      const page = await egress.curl('https://packages.example.org/simple/', session);
      assert.deepEqual([page.code, page.connect, page.status, page.text], [0, 200, 200, 'hello from packages.example.org/simple/\n']);
      const record = await decision(page.decision);
      assert.deepEqual(
        [record.decision, record.reason, record.rules, record.action, record.resource.id, record.subject.id, record.tenant, record.session, record.roles, record.pep, record.source.name],
        [true, 'rule-allow', ['research-web/packages'], 'egress.connect', 'packages.example.org:443', 'idp/rita-agent', 'acme', sessionOf(session), ['researcher'], 'egress-e2e', 'pdp-e2e']);
      assert.deepEqual(record.resource.properties.addresses, ['23.0.0.10']);
      const done = await outcome(page.decision);
      assert.deepEqual([done.result, done.address, done.gate], ['closed', '23.0.0.10', 'egress-e2e']);
      assert.ok(done.bytesIn > 100 && done.bytesOut > 100, JSON.stringify(done));
    });

    it('git, which sends its credentials only when asked, clones by smart HTTP', async () => {
      const git = (...args) => run('git', args, { env: {
        PATH: process.env.PATH, HOME: folder, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1', GIT_SSL_CAINFO: world.authority,
        https_proxy: egress.proxyUrl(session), GIT_CURL_VERBOSE: '1',
        GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.org',
      } });
      const bare = join(world.folder, 'git/app.git');
      mkdirSync(bare, { recursive: true });
      const prepared = [
        await git('init', '--quiet', '--bare', '--initial-branch=main', bare),
        await git('init', '--quiet', '--initial-branch=main', join(folder, 'work')),
        await git('-C', join(folder, 'work'), 'commit', '--quiet', '--allow-empty', '--message', 'what is cloned'),
        await git('-C', join(folder, 'work'), 'push', '--quiet', bare, 'main'),
      ];
      for (const step of prepared) assert.equal(step.code, 0, step.stderr);
      const listed = await git('ls-remote', 'https://git.example.org/git/app.git');
      assert.equal(listed.code, 0, listed.stderr);
      assert.match(listed.stdout, /^[0-9a-f]{40}\trefs\/heads\/main$/m);
      assert.match(listed.stderr, /407 Proxy Authentication Required/, 'git was asked for its credentials first');
      const cloned = await git('clone', '--quiet', 'https://git.example.org/git/app.git', join(folder, 'clone'));
      assert.equal(cloned.code, 0, cloned.stderr);
      assert.equal((await git('-C', join(folder, 'clone'), 'log', '--format=%s')).stdout, 'what is cloned\n');
      const record = (await pdp.records('--host', 'git.example.org', '--action', 'egress.connect')).at(-1);
      assert.deepEqual([record.decision, record.rules], [true, ['research-web/git']]);
      const denied = await git('ls-remote', 'https://elsewhere.example.com/git/app.git');
      assert.notEqual(denied.code, 0);
      assert.match(denied.stderr, /response 403/);
    });

    const denials = {
      'what no rule allows is denied': { host: 'elsewhere.example.com', reason: 'default-deny', rules: [], action: 'egress.resolve' },
      'what a rule denies is denied, although another allows it': {
        host: 'paste.docs.example.org', reason: 'rule-deny', rules: ['everyone/no-paste-sites'], action: 'egress.resolve', ruleReason: 'paste sites carry data out' },
      'a name that leads to this machine is denied': { host: 'loopback.docs.example.org', reason: 'guard:loopback-address', addresses: ['127.0.0.1'] },
      'a name that leads there by an alias is denied': { host: 'alias.docs.example.org', reason: 'guard:loopback-address', addresses: ['127.0.0.1'] },
      'a name that leads to a private address is denied': { host: 'private.docs.example.org', reason: 'guard:private-address', addresses: ['10.0.0.1'] },
      'a name that leads to the metadata service is denied': { host: 'metadata.docs.example.org', reason: 'guard:metadata-address', addresses: ['169.254.169.254'] },
      'the same, folded into IPv6, is denied': { host: 'mapped.docs.example.org', reason: 'guard:metadata-address', addresses: ['169.254.169.254'] },
      'one bad address among good ones denies all': { host: 'mixed.docs.example.org', reason: 'guard:private-address', addresses: ['10.0.0.1', '23.0.0.10'] },
      'a port that no rule names is denied': { host: 'packages.example.org', port: 8443, reason: 'default-deny', rules: [], action: 'egress.resolve' },
    };
    for (const [name, { host, port = 443, reason, rules = [], action = 'egress.connect', addresses, ruleReason }] of Object.entries(denials)) {
      it(name, async () => {
        const asked = world.asked().filter((each) => each === host).length;
        const seen = (await connectionsOver()).length;
        const page = await egress.curl(`https://${host}:${port}/`, session);
        assert.deepEqual([page.connect, page.status, page.denied], [403, 0, reason], page.error);
        const record = await decision(page.decision);
        assert.deepEqual(
          [record.decision, record.reason, record.rules, record.ruleReason, record.action, record.resource.id, record.resource.properties.addresses],
          [false, reason, rules, ruleReason, action, `${host}:${port}`, addresses]);
        assert.equal(record.obligations, undefined);
        assert.equal(world.asked().filter((each) => each === host).length > asked, action === 'egress.connect',
          'a name is looked up only where some rule could allow it');
        assert.equal((await connectionsOver()).length, seen, 'nothing came to the origin');
        const told = await egress.connect(`${host}:${port}`, session);
        assert.deepEqual([told.status, told.body.reason, told.body.host, told.body.port, told.body.decision], [403, reason, host, port, false]);
        assert.equal(told.body.id, told.headers['x-decision-id']);
      });
    }

    it('who has no role is denied what others may', async () => {
      const page = await egress.curl('https://packages.example.org/', await signIn('nobody'));
      assert.deepEqual([page.connect, page.denied], [403, 'default-deny']);
      const record = await decision(page.decision);
      assert.deepEqual([record.subject.id, record.roles, record.rules], ['idp/nobody-agent', [], []]);
    });

    it('addresses are judged as names are: no rule, no connection', async () => {
      for (const [target, reason] of [['127.0.0.1:443', 'guard:loopback-address'], ['[::ffff:169.254.169.254]:443', 'guard:metadata-address'], ['23.0.0.10:443', 'default-deny']]) {
        const told = await egress.connect(target, session);
        assert.deepEqual([told.status, told.body.reason], [403, reason], target);
        assert.equal((await decision(told.body.id)).reason, reason);
      }
    });

    // TLS through a tunnel to `host`, naming `servername` in the hello: the error code that the client sees.
    async function hello(host, servername, options = {}) {
      const opened = await egress.connect(`${host}:443`, session);
      assert.equal(opened.status, 200);
      const error = await new Promise((resolve) => {
        const client = tls.connect({ socket: opened.socket, servername, ca: readFileSync(world.authority), ...options }, () => { client.destroy(); resolve(null); });
        client.on('error', resolve);
      });
      opened.socket.destroy();
      return { error, id: opened.headers['x-decision-id'] };
    }
    // After `act`, exactly one more connection came to the origin, and not one byte on it.
    async function originSeesNothing(act) {
      const before = (await connectionsOver()).length;
      const result = await act();
      const [connection, ...others] = await eventually('the origin to see the connection', async () => {
        const after = await connectionsOver();
        return after.length > before && after.slice(before);
      });
      assert.equal(others.length, 0);
      assert.deepEqual([connection.bytes, connection.requests], [0, []]);
      return result;
    }

    it('a server name unlike the judged host ends in a TLS alert, and the origin sees no byte', async () => {
      const { error, id } = await originSeesNothing(() => hello('packages.example.org', 'elsewhere.example.com'));
      assert.match(`${error?.code} ${error?.message}`, /unrecognized.name/i);
      const done = await outcome(id);
      assert.deepEqual([done.result, done.reason, done.bytesOut], ['refused', 'sni-mismatch', 0]);
      assert.equal((await decision(id)).decision, true);
    });

    it('a hello without server name ends in an alert', async () => {
      const { error, id } = await originSeesNothing(() => hello('packages.example.org', ''));
      assert.match(`${error?.code} ${error?.message}`, /alert/i);
      assert.deepEqual([(await outcome(id)).result, (await outcome(id)).reason], ['refused', 'sni-missing']);
    });

    it('curl sees that alert as well', async () => {
      const page = await originSeesNothing(() => egress.curl('https://elsewhere.example.com/', session, '--connect-to', 'elsewhere.example.com:443:packages.example.org:443'));
      assert.deepEqual([page.code, page.connect, page.status], [35, 200, 0], page.error);
      assert.equal((await outcome(page.decision)).reason, 'sni-mismatch');
    });

    it('the right server name in capitals is the judged host', async () => {
      assert.equal((await hello('packages.example.org', 'PACKAGES.example.org')).error, null);
    });

    it('what is not TLS goes nowhere', async () => {
      const id = await originSeesNothing(async () => {
        const opened = await egress.connect('plain.docs.example.org:443', session);
        opened.socket.end('GET / HTTP/1.1\r\nHost: plain.docs.example.org\r\n\r\n');
        const parts = [];
        for await (const part of opened.socket) parts.push(part);
        assert.equal(Buffer.concat(parts)[0], 0x15, 'an alert');
        return opened.headers['x-decision-id'];
      });
      assert.deepEqual([(await outcome(id)).result, (await outcome(id)).reason], ['refused', 'not-tls']);
    });

    it('a hundred connections at once are a hundred judged connections', async () => {
      const fetchOne = async (i) => {
        const opened = await egress.connect('packages.example.org:443', session);
        assert.equal(opened.status, 200, JSON.stringify(opened.body));
        const client = tls.connect({ socket: opened.socket, servername: 'packages.example.org', ca: readFileSync(world.authority) });
        client.write(`GET /${i} HTTP/1.1\r\nHost: packages.example.org\r\nConnection: close\r\n\r\n`);
        const parts = [];
        for await (const part of client) parts.push(part);
        assert.match(Buffer.concat(parts).toString(), new RegExp(`hello from packages.example.org/${i}\n$`));
        return opened.headers['x-decision-id'];
      };
      const ids = await Promise.all(Array.from({ length: 100 }, (_, i) => fetchOne(i)));
      assert.equal(new Set(ids).size, 100);
      await eventually('an outcome of each', async () => {
        const reported = new Set((await pdp.records('--kind', 'outcome')).filter((record) => record.result === 'closed').map((record) => record.decisionId));
        return ids.every((id) => reported.has(id));
      });
    });

    it('a connection carries no more bytes than its rule says', async () => {
      const small = await egress.curl('https://limited.example.org/', session, '--data', 'x'.repeat(10_000));
      assert.deepEqual([small.status, small.text], [200, '10000 bytes for limited.example.org/\n']);
      assert.deepEqual((await decision(small.decision)).obligations.limits, { bytesOut: 65_536, connections: 1, idle: 4 });
      await outcome(small.decision);
      const large = await egress.curl('https://limited.example.org/', session, '--data', 'x'.repeat(120_000), '--header', 'Expect:');
      assert.deepEqual([large.connect, large.status], [200, 0], large.text);
      const done = await outcome(large.decision);
      assert.equal(done.reason, 'limit-bytes');
      assert.ok(done.bytesOut <= 65_536, `${done.bytesOut} bytes`);
    });

    it('nor stands open for longer without a byte, nor beside more of its kind', async () => {
      const opened = await egress.connect('limited.example.org:443', session);
      const client = tls.connect({ socket: opened.socket, servername: 'limited.example.org', ca: readFileSync(world.authority) });
      await new Promise((resolve, reject) => { client.once('secureConnect', resolve); client.once('error', reject); });
      const second = await egress.connect('limited.example.org:443', session);
      assert.deepEqual([second.status, second.body.reason], [403, 'limit-connections']);
      assert.equal((await outcome(second.body.id)).reason, 'limit-connections');
      client.on('error', () => {});
      await new Promise((resolve) => client.once('close', resolve));
      assert.equal((await outcome(opened.headers['x-decision-id'])).reason, 'limit-idle');
    });

    it('without credentials it is 407, with the reason', async () => {
      const told = await egress.connect('packages.example.org:443');
      assert.deepEqual([told.status, told.body.reason, told.headers['proxy-authenticate']], [407, 'token-missing', 'Basic realm="portreeve"']);
    });

    it('a name that the name server does not know is a recorded refusal', async () => {
      const told = await egress.connect('unknown.docs.example.org:443', session);
      assert.deepEqual([told.status, told.body.reason], [502, 'resolve-error']);
      const refusal = await eventually('the refusal', async () => (await pdp.records('--kind', 'refusal', '--reason', 'resolve-error')).at(-1));
      assert.deepEqual([refusal.resource.id, refusal.session, refusal.gate], ['unknown.docs.example.org:443', sessionOf(session), 'egress-e2e']);
    });
  });

  describe('a session token', () => {
    // Signed with our own key, as only a thief of it, or a clock gone wrong, could.
    async function own(more, header = {}) {
      const key = createPrivateKey(readFileSync(join(pdp.data, 'keys/session-signing.pem')));
      const { keys: [jwk] } = (await request(`${pdp.url}/.well-known/jwks.json`)).json;
      return forge({ alg: 'EdDSA', typ: 'portreeve-session+jwt', kid: jwk.kid, ...header }, { ...readToken(session).claims, ...more }, key);
    }
    const now = Math.floor(Date.now() / 1000);
    const table = {
      'whose time is over': [() => own({ iat: now - 1000, nbf: now - 1000, exp: now - 100 }), 'token-expired'],
      'that would be good for longer than any': [() => own({ exp: now + 86_400 }), 'token-invalid'],
      'for the supervisor': [() => own({ aud: 'portreeve-supervisor' }), 'token-invalid'],
      'of another issuer': [() => own({ iss: 'someone' }), 'token-invalid'],
      'of a session that there is not': [() => own({ sid: 'ses_01JDF3ZJ9GQ5C6B2M8N4T7V0XY' }), 'session-unknown'],
      'of a session that is another\'s': [() => own({ sub: 'idp/mallory' }), 'token-invalid'],
      'of another tenant': [() => own({ tenant: 'globex' }), 'tenant-mismatch'],
      'with a type that is not ours': [() => own({}, { typ: 'JWT' }), 'token-invalid'],
      'unsigned': [async () => forge({ alg: 'none', typ: 'portreeve-session+jwt' }, readToken(session).claims), 'token-invalid'],
      'that is an identity provider\'s': [() => issuer.accessToken('rita'), 'token-invalid'],
      'that is garbage': [async () => 'garbage', 'token-invalid'],
    };
    for (const [name, [make, reason]] of Object.entries(table)) {
      it(`${name} is ${reason}`, async () => {
        const page = await egress.curl('https://packages.example.org/', await make());
        assert.deepEqual([page.connect, page.status, page.denied], [403, 0, reason], page.error);
        const record = await decision(page.decision);
        assert.deepEqual([record.decision, record.reason, record.rules, record.roles], [false, reason, [], []]);
      });
    }

    it('made by hand as ours are made is good: the table above fails for its own reasons only', async () => {
      assert.equal((await egress.curl('https://packages.example.org/', await own({}))).status, 200);
    });
  });

  it('keys that the provider rotates in are believed, those that it rotated out are not', async () => {
    const old = await issuer.accessToken('rita');
    assert.equal((await pdp.exchange(old)).status, 200);
    await issuer.rotate(makeKeys('second'));
    const fresh = await issuer.accessToken('rita');
    // An unknown key id has the keys fetched anew, at most every 30 s.
    const answer = await eventually('the new key to be believed', async () => {
      const answer = await pdp.exchange(fresh);
      return answer.status === 200 && answer;
    }, { within: 45_000, every: 500 });
    assert.ok(answer.json.access_token);
    const refused = await pdp.exchange(old);
    assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_request']);
  });

  it('with the provider away, the keys that were fetched serve on', async () => {
    kept = await issuer.accessToken('rita');
    await issuer.stop();
    assert.equal((await pdp.exchange(kept)).status, 200);
  });

  it('who opens a tunnel and says nothing is cut off, and so is who does not finish asking', async () => {
    const { id, said } = await silent;
    assert.equal(said[0], 0x15, 'an alert');
    assert.deepEqual([(await outcome(id)).result, (await outcome(id)).reason], ['refused', 'hello-timeout']);
    assert.doesNotMatch(await slow, /HTTP\/1\.1 200/);
  });

  it('with the PDP stopped nothing opens, and that it did not is in the log once the PDP is back', async () => {
    await pdp.stop();
    const page = await egress.curl('https://packages.example.org/', session);
    assert.deepEqual([page.connect, page.status, page.denied], [503, 0, 'pdp-unavailable'], page.error);
    await pdp.start();
    const refusal = await eventually('the refusal', async () => (await pdp.records('--kind', 'refusal', '--reason', 'pdp-unavailable')).at(-1));
    assert.deepEqual([refusal.resource.id, refusal.session, refusal.gate, refusal.result], ['packages.example.org:443', sessionOf(session), 'egress-e2e', 'refused']);
    const again = await eventually('the gate to find the PDP again', async () => {
      const page = await egress.curl('https://packages.example.org/', session);
      return page.status === 200 && page;
    });
    assert.equal((await decision(again.decision)).decision, true, 'sessions outlive the PDP');
  });

  it('the egress proxy killed with its outcomes unsent delivers them when it is back', async () => {
    await pdp.stop();
    const before = await egress.curl('https://packages.example.org/', session);
    assert.equal(before.denied, 'pdp-unavailable');
    const count = (await pdp.records('--kind', 'refusal', '--reason', 'pdp-unavailable')).length;
    await egress.stop('SIGKILL');
    await pdp.start();
    await egress.start(['--max-kept-answers', '0']);  // a decision a connection
    await eventually('the refusal of the killed gate', async () => (await pdp.records('--kind', 'refusal', '--reason', 'pdp-unavailable')).length > count);
  });

  it('a PDP that started with the provider away asks to try again, and finds it when it is back', async () => {
    const answer = await pdp.exchange(kept);
    assert.deepEqual([answer.status, answer.json.error], [503, 'temporarily_unavailable'], answer.text);
    await issuer.start(issuer.port);
    await eventually('the provider to be found', async () => (await pdp.exchange(kept)).status === 200, { every: 200 });
  });

  it('both programs end in order; nothing stands in the log twice, and its index can be made anew', async () => {
    assert.deepEqual(await egress.stop(), { code: 0, signal: null }, egress.process.errors);
    assert.deepEqual(await pdp.stop(), { code: 0, signal: null }, pdp.process.errors);
    const records = await pdp.records('--kind', 'decision');
    assert.equal(new Set(records.map((record) => record.id)).size, records.length);
    for (const record of records) assert.equal(record.decision, record.reason === 'rule-allow', record.id);
    for (const file of readdirSync(pdp.data).filter((name) => name.startsWith('index.sqlite'))) rmSync(join(pdp.data, file));
    await pdp.reindex();
    assert.deepEqual(await pdp.records('--kind', 'decision'), records);
  });
});
