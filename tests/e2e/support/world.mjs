// What lies beyond the gate: tools/demo/world, in network namespaces of its own, and the egress proxy on its near side.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { Program, program, run, sourceFolder } from './processes.mjs';

const demo = (name) => join(sourceFolder, 'tools/demo', name);

export class World {
  // `origin`: the program that stands there, of this folder.
  constructor(folder, origin = 'origin.py') {
    this.folder = folder;
    this.origin = origin;
    this.authority = join(folder, 'ca.pem');
  }

  // `zone` is what its name server knows; `names` are those of its origin's certificate.
  async start(zone, names) {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'zone'), zone);
    const made = await run(demo('make_certificate'), [this.folder, ...names]);
    if (made.code !== 0) throw new Error(`make_certificate: ${made.stderr}`);
    this.process = new Program(demo('world'), [this.folder], {
      log: join(this.folder, 'world.log'),
      env: { ...process.env, WORLD_ORIGIN: join(sourceFolder, 'tests/e2e/support', this.origin) },
    });
    await this.process.ready();
    this.pid = readFileSync(join(this.folder, 'world.pid'), 'ascii').trim();
    return this;
  }

  stop() { return this.process.stop(); }

  // The command that runs a program on the gate's side of the world.
  inside(...command) {
    const join_ = process.getuid() === 0 ? ['nsenter', '--net'] : ['nsenter', '--user', '--preserve-credentials', '--net'];
    return [...join_, '--target', this.pid, '--', ...command];
  }

  lines(name) {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  }
  // Names that the name server was asked for.
  asked() { return this.lines('dns.log').map((line) => line.split(' ')[0]); }
  // What the origin saw, one entry a connection: {port, bytes, serverName, requests}; null while one is still open.
  connections() {
    const entries = this.lines('origin.log').map((line) => JSON.parse(line));
    const over = entries.filter((entry) => entry.came === undefined);
    return over.length * 2 === entries.length ? over : null;
  }
}

// The egress proxy. Its callers are here, on loopback; what it opens, it opens in the world.
export class Egress {
  constructor(folder, world, pdpSocket, port) {
    Object.assign(this, { folder, world, pdpSocket, port, host: '127.0.0.1' });
  }

  async start(flags = []) {
    const command = [demo('listen_and_exec.py'), `${this.host}:${this.port}`,
      ...this.world.inside(program('portreeve-egress'), '--listen-fd', '3', '--pdp', `unix:${this.pdpSocket}`,
        '--pdp-timeout', '10s', '--resolver', '23.0.0.53:53', '--spool', join(this.folder, 'spool'), '--name', 'egress-e2e', ...flags)];
    this.process = new Program('python3', command, { log: join(this.folder, 'egress.log') });
    await this.process.ready();
    return this;
  }

  stop(signal) { return this.process.stop(signal); }

  proxyUrl(token) { return `http://session:${token}@${this.host}:${this.port}`; }

  // curl through the proxy: what the proxy said (`connect`, `denied`, `decision`), what the origin said (`status`, `text`).
  async curl(url, token, ...more) {
    const headers = join(this.folder, `headers-${this.visits = (this.visits ?? 0) + 1}`);
    const done = await run('curl', ['--silent', '--show-error', '--max-time', '20', '--cacert', this.world.authority,
      '--proxy', `http://${this.host}:${this.port}`, ...(token === undefined ? [] : ['--proxy-user', `session:${token}`]),
      '--dump-header', headers, '--write-out', '\n%{http_connect} %{http_code}', ...more, url], { env: { PATH: process.env.PATH } });
    const [text, connect, status] = /^([^]*)\n(\d+) (\d+)$/.exec(done.stdout).slice(1);
    const said = existsSync(headers) ? readFileSync(headers, 'latin1') : '';
    const header = (name) => new RegExp(`^${name}: (.*)\r$`, 'mi').exec(said)?.[1];
    return {
      code: done.code, connect: Number(connect), status: Number(status), text, error: done.stderr,
      denied: header('x-deny-reason'), decision: header('x-decision-id'),
    };
  }

  // A CONNECT by hand: {status, headers, body} and, where a tunnel opened, its socket.
  connect(target, token, { headers = {}, socket: existing } = {}) {
    return new Promise((resolve, reject) => {
      const socket = existing ?? net.connect(this.port, this.host);
      const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`,
        ...(token === undefined ? [] : [`Proxy-Authorization: Basic ${Buffer.from(`session:${token}`).toString('base64')}`]),
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      let got = '';
      const take = (data) => {
        got += data.toString('latin1');
        const end = got.indexOf('\r\n\r\n');
        if (end < 0) return;
        const [first, ...rest] = got.slice(0, end).split('\r\n');
        const answer = { status: Number(first.split(' ')[1]), headers: Object.fromEntries(rest.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)])) };
        const length = Number(answer.headers['content-length'] ?? 0);
        if (got.length < end + 4 + length) return;
        socket.off('data', take);
        if (length) answer.body = JSON.parse(got.slice(end + 4));
        if (answer.status === 200) answer.socket = socket; else socket.destroy();
        resolve(answer);
      };
      socket.on('data', take);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`the proxy closed; it said ${JSON.stringify(got)}`)));
    });
  }
}
