// The commands in the documentation do what it says: each is run as it stands, beside a running PDP.
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Pdp } from './support/pdp.mjs';
import { makeFolder, program, Program, run, sourceFolder } from './support/processes.mjs';

// The commands of a page: those of its `sh` blocks, and indented lines that begin with one. A synopsis ([…], …) is none.
function commandsOf(page) {
  const commands = [];
  let block = null;
  for (const line of readFileSync(join(sourceFolder, page), 'utf8').split('\n')) {
    if (block !== null && line.startsWith('```')) {
      commands.push(...block.split(/\n(?=\S)/));
      block = null;
    } else if (block !== null) {
      block += `${line}\n`;
    } else if (line === '```sh') {
      block = '';
    } else if (/^ {4}(portreeve|curl|cp) /.test(line)) {
      commands.push(line.trim());
    }
  }
  return commands.map((command) => command.trim()).filter((command) => command && !/\[|…/.test(command.replace(/#.*$/s, '')));
}
const pages = ['README.md', ...readdirSync(join(sourceFolder, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

// What is run elsewhere, or runs for ever.
const elsewhere = /^tools\/|--follow|^portreeve exec /;

describe('the documentation', () => {
  const folder = makeFolder('docs');
  const pdp = new Pdp(folder, { flags: ['--dev'] });
  const environment = { PATH: '', HOME: folder, NO_COLOR: '1' };
  const done = new Set();
  let accounting;
  let session;   // one that `revoke --session` can cut
  let decision;  // one that `decisions show` can show

  before(async () => {
    cpSync(join(sourceFolder, 'policies'), pdp.policies, { recursive: true });
    cpSync(join(sourceFolder, 'docs/deployment.yaml'), join(folder, 'deployment.yaml'));
    await pdp.start();
    accounting = new Program(program('portreeve-accounting'), ['--data', join(folder, 'accounting'), '--listen', '127.0.0.1:0', '--dev']);
    environment.PORTREEVE_ACCOUNTING = /accounting=(http:\S+)/.exec(await accounting.ready())[1];
    environment.PATH = `${dirname(program('portreeve'))}:${process.env.PATH}`;
    const token = await run(program('portreeve'), ['token', '--data', pdp.data, '--sub', 'rita', '--group', '/agents/research', '--tenant', 'acme']);
    assert.equal(token.code, 0, token.stderr);
    environment.ID_TOKEN = token.stdout.trim();
    const answer = await pdp.ask({ subject: { type: 'user', id: 'keycloak/rita' }, action: { name: 'read' }, resource: { type: 'decision-log', id: 'all' } });
    decision = answer.json.context.id;
    const admin = await run(program('portreeve'), ['token', '--data', pdp.data, '--sub', 'pia', '--group', '/people/platform']);
    assert.equal(admin.code, 0, admin.stderr);
    environment.PORTREEVE_TOKEN = admin.stdout.trim();
    environment.PORTREEVE_ADMIN = pdp.admin;
    const carl = await run(program('portreeve'), ['token', '--data', pdp.data, '--sub', 'carl', '--group', '/agents/coding', '--tenant', 'acme', '--exchange', pdp.url, '--json']);
    assert.equal(carl.code, 0, carl.stderr);
    session = JSON.parse(carl.stdout).session_id;
  });
  // The event of a revocation that `revoke --lift` can lift.
  async function barInForce() {
    const answer = await fetch(`${environment.PORTREEVE_ADMIN}/v1/revocations`, { headers: { Authorization: `Bearer ${environment.PORTREEVE_TOKEN}` } });
    return (await answer.json()).revocations?.[0]?.event ?? 0;
  }

  after(() => {
    accounting.child.kill('SIGTERM');
    return pdp.stop();
  });

  for (const page of pages) {
    for (const command of commandsOf(page).filter((each) => !elsewhere.test(each))) {
      it(`${page}: ${command.split('\n')[0].replace(/ +#.*/, '').slice(0, 100)}`, async () => {
        // A daemon's place is not this machine's: its options are looked up.
        const daemon = /^portreeve-(pdp|egress|broker|accounting) /.exec(command);
        if (daemon) {
          const help = (await run(program(`portreeve-${daemon[1]}`), ['--help'])).stdout;
          for (const [option] of command.matchAll(/--[a-z-]+/g)) assert.match(help, new RegExp(`^ +${option} `, 'm'));
          return;
        }
        // The same thing twice (a gate of one name, a copy) is not what two pages mean by it.
        const plain = command.replace(/ +#.*$/m, '').replace(/ --data data\b/, '');
        if (done.has(plain)) return;
        done.add(plain);
        const ran = command.replaceAll('build/release/bin/', '').replaceAll('http://127.0.0.1:8180', pdp.url).replace(/dec_[0-9A-Z]{26}/, decision).replace(/ses_[0-9A-Z]{26}/, session).replace(/--lift \d+/, `--lift ${await barInForce()}`);
        const result = await run('bash', ['-c', ran], { cwd: folder, env: environment });
        assert.equal(result.code, 0, `${ran}\n${result.stdout}${result.stderr}`);
        if (!command.startsWith('curl ')) return;
        const answer = JSON.parse(result.stdout);
        assert.equal(answer.type ?? answer.error, undefined, result.stdout);
      });
    }
  }
});
