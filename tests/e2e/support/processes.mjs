// Programs under test: found, started, waited for, stopped.
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

export const sourceFolder = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

// The path of one of our programs; PORTREEVE_BIN is the folder that was built.
export function program(name) {
  const folder = process.env.PORTREEVE_BIN;
  if (!folder) throw new Error('PORTREEVE_BIN is not set: it names the folder of the built programs, like build/release/bin');
  const path = join(folder, name);
  if (!existsSync(path)) throw new Error(`${path} is not built`);
  return path;
}

// A folder of the test's own, removed at the end of this process, kept where PORTREEVE_KEEP is set.
export function makeFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `portreeve-${name}-`));
  process.on('exit', () => {
    if (process.env.PORTREEVE_KEEP) console.log(`kept ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

// A TCP port of loopback that was free a moment ago.
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// A generator of numbers in [0, 1) from a seed (mulberry32), so that a run can be had again.
export function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Calls `look` until it gives something truthy, and gives that back. For states that nothing announces.
export async function eventually(what, look, { within = 20_000, every = 25 } = {}) {
  const deadline = Date.now() + within;
  let last;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
      last = found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${within} ms; last seen: ${last?.stack ?? JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

// Runs a program to its end: {code, signal, stdout, stderr}.
export function run(command, args, { input, timeout = 60_000, ...options } = {}) {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout, maxBuffer: 64 << 20, ...options }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code ?? null : 0, signal: error?.signal ?? null, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

// What a test that failed has left running ends with its file.
const running = new Set();
after(() => {
  for (const each of running) each.child.kill('SIGTERM');
});

// A program that goes on running. It dies with this process, whatever becomes of that.
export class Program {
  constructor(command, args, { log, stdio, ...options } = {}) {
    this.name = command;
    this.child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', command, ...args], { stdio: stdio ?? ['ignore', 'pipe', 'pipe'], ...options });
    this.errors = '';
    this.child.stderr.on('data', (data) => { this.errors = (this.errors + data).slice(-20_000); });
    if (log) this.child.stderr.pipe(createWriteStream(log, { flags: 'a' }));
    this.ended = new Promise((resolve) => this.child.on('exit', (code, signal) => resolve({ code, signal })));
    this.hasEnded = false;
    running.add(this);
    this.ended.then(() => {
      this.hasEnded = true;
      running.delete(this);
    });
    this.lines = createInterface({ input: this.child.stdout });
  }

  get pid() { return this.child.pid; }

  // The first line that the program prints.
  async ready(within = 60_000) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.name} was not ready within ${within} ms\n${this.errors}`)), within);
    });
    const over = this.ended.then(({ code, signal }) => { throw new Error(`${this.name} ended (${code ?? signal}) before it was ready\n${this.errors}`); });
    const line = new Promise((resolve) => this.lines.once('line', resolve));
    try {
      return await Promise.race([line, over, late]);
    } finally {
      clearTimeout(timer);
      over.catch(() => {});
    }
  }

  // Ends it, and gives back how it ended.
  async stop(signal = 'SIGTERM', within = 20_000) {
    if (!this.hasEnded) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), within);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }
}
