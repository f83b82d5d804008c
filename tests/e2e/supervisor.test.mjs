// A sandbox whose supervisor is its real PID 1, in front of a real PDP, driven by `portreeve exec`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { eventually, makeFolder, Program, program, run, sourceFolder } from './support/processes.mjs';
import { postJson } from './support/requests.mjs';

const policy = `
apiVersion: portreeve/v1
kind: IdentityProvider
metadata: { name: dev }
spec: { issuer: "http://127.0.0.1/portreeve-dev", audiences: [portreeve], algorithms: [EdDSA], jwks: { file: dev/jwks.json }, claims: { subject: sub } }
---
apiVersion: portreeve/v1
kind: ExecutionPolicy
metadata: { name: programs }
spec:
  rules:
    - id: shell
      effect: allow
      programs: [/bin/sh, /usr/bin/cat, /bin/cat]
      cwd: ["/mnt/work/**"]
      users: [sandbox]
      terminal: true
      env: { pass: [PATH, HOME, TERM, "LC_*"] }
      write: ["/mnt/work/**"]
      limits: { wall: 1m }
    - id: no-curl
      effect: deny
      programs: [/usr/bin/curl]
      reason: use-the-broker
`;

const skip = process.getuid() === 0 ? false : 'it takes root to build a sandbox';

describe('the guest supervisor', { skip }, () => {
  const folder = makeFolder('supervisor');
  const pdp = new Pdp(folder, { flags: ['--dev'] });
  let guest;
  let session;

  async function supervisorToken() {
    const answer = await postJson(`${pdp.url}/v1/sessions/${session}/renew`, { audience: 'portreeve-supervisor' });
    assert.equal(answer.status, 200, answer.text);
    return answer.json.access_token;
  }
  const inControl = () => ['--net', '--target', readFileSync(join(folder, 'control.pid'), 'ascii').trim(), '--'];
  const execLine = (flags, command) => [...inControl(), program('portreeve'), 'exec', '--channel', join(folder, 'channel'), ...flags, '10.77.0.2', '--', ...command];
  const exec = (command, { flags = [], ...options } = {}) => run('nsenter', execLine(flags, command), options);

  before(async () => {
    putPolicy(pdp.policies, 'programs.yaml', policy);
    await pdp.start();
    const token = await run(program('portreeve'), ['token', '--data', pdp.data, '--sub', 'rita', '--exchange', pdp.url, '--json']);
    assert.equal(token.code, 0, token.stderr);
    session = JSON.parse(token.stdout).session_id;
    const made = await run(program('portreeve'), ['channel', '--session', session, '--credential-file', '-', '--boot', join(folder, 'boot'), '--channel', join(folder, 'channel')],
      { input: await supervisorToken() });
    assert.equal(made.code, 0, made.stderr);
    guest = new Program(join(sourceFolder, 'tests/e2e/support/guest'), [folder, program('portreeve-supervisor'), pdp.socket], { log: join(folder, 'control.log') });
    assert.match(await guest.ready(), /^portreeve-supervisor ready control=wss:\/\/0\.0\.0\.0:2024$/);
  });
  after(async () => {
    await guest?.stop();
    await pdp.stop();
  });

  it('runs a program as `docker exec` would', async () => {
    const done = await exec(['/bin/sh', '-c', 'cat; pwd; echo err >&2; exit 7'], { flags: ['-i'], input: 'typed\n' });
    assert.deepEqual([done.code, done.stdout, done.stderr], [7, 'typed\n/mnt/work\n', 'err\n']);
    assert.equal((await exec(['/bin/sh', '-c', 'kill -9 $$'])).code, 137);
    assert.equal((await exec(['cat'])).stdout, '');
  });

  it('gives it a terminal', async () => {
    const line = execLine(['-it'], ['/bin/sh', '-c', 'test -t 0 && echo a terminal; stty size; read x; echo got $x']);
    const python = `
import os, pty, sys, fcntl, termios, struct
pid, fd = pty.fork()
if pid == 0: os.execvp('nsenter', ['nsenter'] + sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 33, 99, 0, 0))
seen = b''
sent = False
while True:
    try: data = os.read(fd, 4096)
    except OSError: break
    if not data: break
    seen += data
    if b'a terminal' in seen and not sent:
        os.write(fd, b'typed\\n'); sent = True
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
    const done = await run('python3', ['-c', python, ...line]);
    assert.match(done.stdout, /a terminal\r\n/);
    assert.match(done.stdout, /got typed\r\n/);
    assert.equal(done.code, 0);
  });

  it('says why it refuses, and the log says the same', async () => {
    const unlisted = await exec(['/usr/bin/env']);
    assert.equal(unlisted.code, 126);
    assert.match(unlisted.stderr, /^portreeve exec: refused: default-deny \(dec_\w+\)\n$/);
    const denied = await exec(['/usr/bin/curl', 'http://example.org']);
    assert.equal(denied.code, 126);
    assert.match(denied.stderr, /refused: rule-deny: use-the-broker \(dec_\w+\)/);
    const id = /dec_\w+/.exec(denied.stderr)[0];
    const records = await eventually('the decision', async () => (await pdp.records('--kind', 'decision')).filter((record) => record.id === id));
    assert.equal(records.length, 1);
    assert.equal(records[0].session, session);
    assert.equal(records[0].action, 'process.exec');
  });

  it('confines what it starts', async () => {
    const script = 'echo fine >/mnt/work/file && cat /mnt/work/file; echo new >/mnt/work/repo/.git/hooks/pre-commit; echo x >/etc/evil; echo $SECRET$LC_ALL; cat /mnt/work/repo/.git/hooks/*';
    const done = await exec(['/bin/sh', '-c', script], { flags: ['-e', 'SECRET=1', '-e', 'LC_ALL=C'] });
    assert.equal(done.stdout, 'fine\nC\nold\n');
  });

  it('reports how each start ended', async () => {
    await exec(['/bin/sh', '-c', 'exit 5']);
    await eventually('the outcome', async () => (await pdp.records('--kind', 'outcome')).find((record) => record.exitStatus === 5 && record.event === 'exited'));
  });

  it('takes no second controller, and none without the key', async () => {
    const first = new Program('nsenter', execLine([], ['/bin/sh', '-c', 'echo up; sleep 1000']));
    assert.equal(await first.ready(), 'up');
    const second = await exec(['/bin/sh', '-c', 'true']);
    assert.equal(second.code, 125);
    assert.match(second.stderr, /another controller is connected/);
    await first.stop('SIGTERM');
    const other = await run(program('portreeve'), ['channel', '--session', session, '--boot', join(folder, 'boot2'), '--channel', join(folder, 'channel2')]);
    assert.equal(other.code, 0, other.stderr);
    const stranger = await run('nsenter', [...inControl(), program('portreeve'), 'exec', '--channel', join(folder, 'channel2'), '10.77.0.2', '--', 'true']);
    assert.equal(stranger.code, 125);
    assert.match(stranger.stderr, /is not this channel's supervisor/);
  });

  it('ends everything within a second when the session is revoked', async () => {
    const long = new Program('nsenter', execLine([], ['/bin/sh', '-c', 'trap "" TERM HUP; echo up; while :; do sleep 1000; done']));
    assert.equal(await long.ready(), 'up');
    const began = Date.now();
    const answer = await postJson(`${pdp.url}/v1/sessions/${session}/end`, { reason: 'test' });
    assert.equal(answer.status, 200, answer.text);
    const { code } = await long.ended;
    assert.equal(code, 137);
    assert.ok(Date.now() - began < 1000, `${Date.now() - began} ms`);
    assert.equal((await exec(['/bin/sh', '-c', 'true'])).code, 126);
  });

  it('shuts down in order', async () => {
    process.kill(Number(readFileSync(join(folder, 'guest.pid'), 'ascii').trim()), 'SIGTERM');
    assert.deepEqual(await guest.ended, { code: 0, signal: null });
  });
});
