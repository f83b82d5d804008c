// A running policy decision point on a data folder, and its decision log read back.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, program, run } from './processes.mjs';
import { postJson, request } from './requests.mjs';

// Replaces a policy file as a whole: nobody sees half of it.
export function putPolicy(folder, name, text) {
  mkdirSync(folder, { recursive: true });
  const aside = join(folder, `.${name}.new`);
  writeFileSync(aside, text);
  renameSync(aside, join(folder, name));
}

export class Pdp {
  // `folder` gets `policies` and `data`; `flags` go to the program; `under` is a command to run it under, like strace; `adminPort` is
  // where its admin listener is, 0 for a free one.
  constructor(folder, { flags = [], under = [], adminPort = 0 } = {}) {
    this.adminPort = adminPort;
    this.folder = folder;
    this.policies = join(folder, 'policies');
    this.data = join(folder, 'data');
    this.socket = join(folder, 'pdp.sock');
    this.flags = flags;
    this.under = under;
    this.port = 0;
    mkdirSync(this.policies, { recursive: true });
    mkdirSync(this.data, { recursive: true, mode: 0o700 });
  }

  async start() {
    const command = [...this.under, program('portreeve-pdp'), '--policies', this.policies, '--data', this.data,
      '--listen', `127.0.0.1:${this.port}`, '--listen', `unix:${this.socket}`, '--admin', `127.0.0.1:${this.adminPort}`, ...this.flags];
    this.process = new Program(command[0], command.slice(1), { log: join(this.folder, 'pdp.log') });
    const line = await this.process.ready();
    this.url = /decisions=(http:\S+)/.exec(line)[1];
    this.port = Number(new URL(this.url).port);  // the same again after a restart
    this.admin = /admin=(http:\S+)/.exec(line)[1];
    return this;
  }

  // The PDP's own process: of one that runs under another program, that one's child.
  get pid() {
    if (this.under.length === 0) return this.process.pid;
    return Number(readFileSync(`/proc/${this.process.pid}/task/${this.process.pid}/children`, 'ascii').trim().split(' ')[0]);
  }

  stop(signal = 'SIGTERM') {
    if (!this.process.hasEnded) process.kill(this.pid, signal);
    return this.process.ended;
  }

  // A gate's credential, made by the command line.
  async addGate(name, ...domains) {
    const made = await run(program('portreeve'), ['pep', 'add', name, '--data', this.data, ...domains.flatMap((domain) => ['--domain', domain])]);
    if (made.code !== 0) throw new Error(`pep add: ${made.stderr}`);
    return made.stdout.trim();
  }

  ask(question, { gate, ...options } = {}) {
    const headers = { ...(gate ? { Authorization: `Bearer ${gate}` } : {}), ...options.headers };
    return postJson(`${this.url}/access/v1/evaluation`, question, { ...options, headers });
  }

  exchange(token, fields = {}) {
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt', ...fields,
    });
    return request(`${this.url}/v1/token`, { method: 'POST', body: form.toString(), headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  }

  // Why the PDP is not ready, or nothing.
  async unready() {
    const answer = await request(`${this.admin}/readyz`);
    return answer.status === 200 ? null : answer.text;
  }

  // Makes the index anew from the journal.
  async reindex() {
    const done = await run(program('portreeve'), ['decisions', '--data', this.data, '--reindex']);
    if (done.code !== 0) throw new Error(`reindex: ${done.stderr}`);
  }

  // The records of the log, the newest last, by `portreeve decisions`.
  async records(...filters) {
    const listed = await run(program('portreeve'), ['decisions', '--data', this.data, '--json', '--limit', '1000000', ...filters]);
    if (listed.code !== 0) throw new Error(`decisions: ${listed.stderr}`);
    return listed.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
}
