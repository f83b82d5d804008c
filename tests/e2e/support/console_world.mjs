// What the console's suites look at: a PDP with people and agents, a gate, a world beyond it, and decisions that were really made.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { readFileSync } from 'node:fs';
import { accounts, Issuer, makeKeys } from './issuer.mjs';
import { Pdp, putPolicy } from './pdp.mjs';
import { freePort, makeFolder, program, run, sourceFolder } from './processes.mjs';
import { Egress, World } from './world.mjs';

// People of the identity provider, beside its agents.
Object.assign(accounts, {
  olga: { groups: ['/people/platform'] },
  ada: { groups: ['/people/audit'], tenant: 'acme' },
  dora: { groups: ['/agents/research'], tenant: 'globex' },
});

// `reason` differs from one revision to the next.
export const consolePolicies = (issuer, reason) => `# Who is who, and what agents and people may do.
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: ${issuer}
  audiences: [portreeve]
  algorithms: [RS256, ES256, EdDSA]
  jwks: discovery
  claims: { subject: sub, groups: groups, tenant: tenant }
  console: { clientId: portreeve-console }
---
# Whom one-time links stand for.
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: dev }
spec:
  issuer: http://127.0.0.1/portreeve-dev
  audiences: [portreeve]
  algorithms: [EdDSA]
  jwks: { file: dev/jwks.json }
  claims: { subject: sub, groups: groups, tenant: tenant }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: researcher }
spec: {}
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: auditor }
spec: {}
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: operator }
spec: {}
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: research }
spec: { roles: [researcher], subjects: [{ issuer: idp, group: /agents/research }] }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: platform }
spec: { roles: [auditor, operator], subjects: [{ issuer: idp, group: /people/platform }, { issuer: dev, group: /people/platform }] }
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: audit }
spec: { roles: [auditor], subjects: [{ issuer: idp, group: /people/audit }] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: research-web }
spec:
  roles: [researcher]
  rules:
    - { id: packages, effect: allow, hosts: [packages.example.org], limits: { idle: 10m } }
    - { id: git, effect: allow, hosts: ["**.example.org"] }
---
apiVersion: portreeve/v1
kind: EgressPolicy
metadata: { name: everyone }
spec:
  rules:
    - id: no-foreign-push
      effect: deny
      hosts: [git.mirror.example.org]
      reason: ${reason}
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: people }
spec:
  roles: [auditor]
  rules:
    - { id: log, effect: allow, actions: [read, search, export], resources: [{ type: decision-log }] }
    - { id: policies, effect: allow, actions: [read, evaluate], resources: [{ type: policy }] }
    - { id: rest, effect: allow, actions: [read], resources: [{ type: session }, { type: pep }] }
---
apiVersion: portreeve/v1
kind: AccessPolicy
metadata: { name: operators }
spec:
  roles: [operator]
  rules:
    - { id: cut, effect: allow, actions: [revoke, lift], resources: [{ type: session }] }
    - { id: reach, effect: allow, actions: [read], resources: [{ type: all-tenants }] }
`;

const zone = `
packages.example.org A 23.0.0.10
git.example.org A 23.0.0.10
git.mirror.example.org A 23.0.0.10
`;

export class ConsoleWorld {
  async start() {
    if ((await run(join(sourceFolder, 'tools/console-build'), [], { timeout: 240_000 })).code !== 0) throw new Error('the console is not built: run tools/console-build');
    this.folder = makeFolder('console');
    const admin = await freePort();
    this.origin = `http://127.0.0.1:${admin}`;
    this.issuer = new Issuer(makeKeys('console'), [{
      client_id: 'portreeve-console', token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], response_types: ['code'],
      redirect_uris: [`${this.origin}/v1/sign-in/callback`],
    }]);
    await this.issuer.start();
    this.world = new World(join(this.folder, 'world'));
    this.pdp = new Pdp(this.folder, {
      adminPort: admin,
      flags: ['--dev', '--socket-peer', `${process.getuid()}=egress-e2e:egress`, '--name', 'pdp-e2e', '--console', join(sourceFolder, 'build/console')],
    });
    mkdirSync(this.pdp.policies, { recursive: true });
    putPolicy(this.pdp.policies, 'policies.yaml', consolePolicies(this.issuer.url, 'mirrors-are-read-only'));
    await Promise.all([this.pdp.start(), this.world.start(zone, ['packages.example.org', 'git.example.org', 'git.mirror.example.org'])]);
    this.egress = new Egress(this.folder, this.world, this.pdp.socket, await freePort());
    await this.egress.start();
    return this;
  }

  async stop() {
    await this.egress?.stop();
    await Promise.all([this.pdp?.process?.stop(), this.world?.process?.stop(), this.issuer?.stop()]);
  }

  // A session of an agent: {token, id}.
  async session(account) {
    const answer = await this.pdp.exchange(await this.issuer.accessToken(account));
    if (answer.status !== 200) throw new Error(`token exchange: ${answer.text}`);
    return { token: answer.json.access_token, id: answer.json.session_id };
  }

  fetch(session, host) { return this.egress.curl(`https://${host}/`, session.token); }

  // A tunnel with TLS in it, open until somebody cuts it.
  async tunnel(session, host) {
    const { status, socket, body } = await this.egress.connect(`${host}:443`, session.token);
    if (status !== 200) throw new Error(`the proxy said ${status}: ${JSON.stringify(body)}`);
    const secure = tls.connect({ socket, servername: host, ca: readFileSync(this.world.authority) });
    await new Promise((resolve, reject) => { secure.once('secureConnect', resolve); secure.once('error', reject); });
    secure.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', () => resolve(Date.now())));
    return { socket, closed };
  }

  // What `git push` of a working copy says; it fails where the proxy refuses.
  async push(session, url) {
    const copy = join(this.folder, 'copy');
    const git = (...args) => run('git', ['-C', copy, '-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', `http.proxy=${this.egress.proxyUrl(session.token)}`,
      '-c', `http.sslCAInfo=${this.world.authority}`, ...args], { env: { PATH: process.env.PATH, HOME: this.folder, GIT_TERMINAL_PROMPT: '0' } });
    mkdirSync(copy, { recursive: true });
    await git('init', '--quiet', '--initial-branch=main');
    await git('commit', '--quiet', '--allow-empty', '--message=work');
    return git('push', '--quiet', url, 'main');
  }

  // A one-time link.
  async link() {
    const made = await run(program('portreeve'), ['console-link', '--data', this.pdp.data, '--admin', this.origin]);
    const found = /http:\S+#link=\S+/.exec(made.stdout)?.[0];
    if (found === undefined) throw new Error(`console-link: ${made.stdout}${made.stderr}`);
    return found;
  }
}
