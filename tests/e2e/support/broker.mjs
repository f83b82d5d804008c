// The secret broker: its callers are here, on loopback; its upstreams stand in the world.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { Program, program, sourceFolder } from './processes.mjs';

export class Broker {
  constructor(folder, world, pdpSocket, port) {
    Object.assign(this, { folder, world, pdpSocket, port, host: '127.0.0.1' });
    this.secrets = join(folder, 'secrets');
    this.log = join(folder, 'broker.log');
    mkdirSync(this.secrets, { recursive: true, mode: 0o700 });
  }

  get url() { return `http://${this.host}:${this.port}`; }

  putSecret(name, value, mode = 0o600) {
    writeFileSync(join(this.secrets, name), value, { mode });
    chmodSync(join(this.secrets, name), mode);
  }

  // `data`: the name of its data folder.
  async start(flags = [], data = 'broker') {
    const command = [join(sourceFolder, 'tools/demo/listen_and_exec.py'), `${this.host}:${this.port}`,
      ...this.world.inside(program('portreeve-broker'), '--listen-fd', '3', '--pdp', `unix:${this.pdpSocket}`,
        '--pdp-timeout', '10s', '--resolver', '23.0.0.53:53', '--secrets', this.secrets, '--data', join(this.folder, data),
        '--accounting', `unix:${join(this.folder, 'accounting.sock')}`, '--upstream-ca', this.world.authority,
        '--name', 'broker-e2e', '--log.level', 'debug', ...flags)];
    this.process = new Program('python3', command, { log: this.log });
    await this.process.ready();
    return this;
  }

  stop(signal) { return this.process.stop(signal); }

  // What the log says, so far.
  said() { return existsSync(this.log) ? readFileSync(this.log, 'utf8') : ''; }

  // One request on a connection of its own: {status, headers, text, json, denied}. `from`: the address it comes from.
  ask(path, { token, method = 'GET', headers = {}, body, from, onData } = {}) {
    return new Promise((resolve, reject) => {
      const out = http.request({
        host: this.host, port: this.port, path, method, agent: false, localAddress: from,
        headers: { ...(token === undefined ? {} : { 'x-api-key': token }), ...headers },
      }, (answer) => {
        const parts = [];
        answer.on('data', (part) => {
          parts.push(part);
          onData?.(part);
        });
        const done = (broken) => {
          const bytes = Buffer.concat(parts);
          let json;
          try { json = JSON.parse(bytes); } catch { json = undefined; }
          resolve({ status: answer.statusCode, headers: answer.headers, rawHeaders: answer.rawHeaders, trailers: answer.trailers, text: bytes.toString('latin1'), json, broken, denied: answer.headers['x-deny-reason'] });
        };
        answer.on('end', () => done(false));
        answer.on('error', () => done(true));
      });
      out.on('error', reject);
      out.setTimeout(30_000, () => out.destroy(new Error(`no answer for ${path}`)));
      out.end(body);
    });
  }

  post(path, value, { token, ...more } = {}) {
    return this.ask(path, {
      token, method: 'POST', body: typeof value === 'string' ? value : JSON.stringify(value), ...more,
      headers: { 'Content-Type': 'application/json', ...more.headers },
    });
  }
}

// The policy set of the broker's tests.
export const brokerPolicies = (issuer) => `apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: idp }
spec:
  issuer: ${issuer}
  audiences: [portreeve]
  algorithms: [RS256, PS256, ES256, EdDSA]
  jwks: discovery
  claims: { subject: sub, groups: groups, tenant: tenant }
---
apiVersion: portreeve/v1
kind: Role
metadata: { name: researcher }
spec: {}
---
apiVersion: portreeve/v1
kind: RoleBinding
metadata: { name: research }
spec: { roles: [researcher], subjects: [{ group: /agents/research }] }
---
${[
    ['llm.anthropic', '/anthropic', 'anthropic', 'anthropic-key', '{ header: x-api-key }', 'https://api.anthropic.com'],
    ['llm.openai', '/openai', 'openai', 'openai-key', '{ bearer: {} }', 'https://api.openai.com'],
    ['git', '/git', 'none', 'git-key', '{ basic: { user: x-access-token } }', 'https://git.example.org'],
    ['tools', '/tools', 'none', 'tools-key', '{ header: x-tools-key }', 'https://tools.example.org/base'],
    ['query', '/query', 'none', 'tools-key', '{ query: key }', 'https://tools.example.org'],
    ['rated', '/rated', 'none', 'tools-key', '{ bearer: {} }', 'https://tools.example.org/base'],
    ['untrusted', '/untrusted', 'none', 'tools-key', '{ bearer: {} }', 'https://untrusted.example.org'],
    ['old', '/old', 'none', 'tools-key', '{ bearer: {} }', 'https://tools.example.org:8443'],
    ['private', '/private', 'none', 'tools-key', '{ bearer: {} }', 'https://private.example.org'],
    ['gone', '/gone', 'none', 'tools-key', '{ bearer: {} }', 'https://tools.example.org:444'],
    ['nowhere', '/nowhere', 'none', 'tools-key', '{ bearer: {} }', 'https://nowhere.example.org'],
    ['keyless', '/keyless', 'none', 'no-such-key', '{ bearer: {} }', 'https://tools.example.org'],
    ['forbidden', '/forbidden', 'none', 'tools-key', '{ bearer: {} }', 'https://tools.example.org'],
  ].map(([name, route, api, file, inject, upstream]) => `apiVersion: portreeve/v1
kind: Secret
metadata: { name: ${name} }
spec: { route: ${route}, api: ${api}, source: { file: ${file} }, inject: ${inject}, upstreams: ["${upstream}"] }
`).join('---\n')}---
apiVersion: portreeve/v1
kind: SecretPolicy
metadata: { name: research-secrets }
spec:
  roles: [researcher]
  rules:
    - { id: anthropic, effect: allow, secrets: [llm.anthropic], uses: [inject], methods: [POST], paths: [/v1/messages, /v1/messages/count_tokens], models: ["claude-*"] }
    - { id: openai, effect: allow, secrets: [llm.openai], uses: [inject], models: ["gpt-*"] }
    - { id: git, effect: allow, secrets: [git], uses: [inject] }
    - { id: tools, effect: allow, secrets: [tools, query, untrusted, old, private, gone, nowhere, keyless], uses: [inject] }
    - { id: rated, effect: allow, secrets: [rated], uses: [inject], limits: { requestsPerMinute: 3 } }
`;

export const brokerZone = `
api.anthropic.com A 23.0.0.10
api.openai.com A 23.0.0.10
git.example.org A 23.0.0.10
tools.example.org A 23.0.0.10
untrusted.example.org A 23.0.0.10
private.example.org A 10.0.0.1
`;
export const brokerNames = ['api.anthropic.com', 'api.openai.com', 'git.example.org', 'tools.example.org'];
