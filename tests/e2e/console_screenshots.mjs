// Makes docs/screenshots: every page of the console, light and dark, of a real PDP with the sample policies and a morning's decisions.
// Usage: PORTREEVE_BIN=build/release/bin node tests/e2e/console_screenshots.mjs [FOLDER]
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, Person } from './support/browser.mjs';
import { canonical, writeJournal } from './support/journal.mjs';
import { Pdp, putPolicy } from './support/pdp.mjs';
import { dice, eventually, freePort, makeFolder, program, run, sourceFolder } from './support/processes.mjs';

const out = process.argv[2] ?? join(sourceFolder, 'docs/screenshots');
const folder = makeFolder('screenshots');
const random = dice(20_261_125);
const pick = (list) => list[Math.floor(random() ** 1.7 * list.length)];

async function revisionOf(policies) {
  const checked = await run(program('portreeve'), ['check', policies, '--json']);
  return JSON.parse(checked.stdout).revision;
}

const agents = [
  { subject: 'dev/rita', roles: ['agent', 'research-agent'], tenant: 'acme' }, { subject: 'dev/carl', roles: ['agent', 'coding-agent'] }, { subject: 'dev/survey-bot', roles: ['agent', 'research-agent'], tenant: 'acme' },
  { subject: 'dev/dora', roles: ['agent', 'data-agent'], tenant: 'acme' },
];
const targets = [
  ['packages.example.org', 'research-web/packages'], ['www.example.org', 'research-web/reading'], ['git.example.org', 'coding-hosts/git-https'], ['elsewhere.example.com', ''], ['pastebin.com', 'everyone/no-paste-sites', 'exfiltration-risk'],
  ['metadata.example.net', '', 'guard'], ['archive.example.org', 'research-web/open-data'],
];

// Decisions and outcomes as gates made them in the last five hours, busier at some times than at others.
function morning(revision) {
  const records = [];
  const now = Date.now();
  const stamp = (millis) => new Date(millis).toISOString();
  const id = (kind, millis) => {
    const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    let time = '';
    for (let n = millis, i = 0; i < 10; ++i) { time = letters[n % 32] + time; n = Math.floor(n / 32); }
    return `${kind}_${time}${Array.from({ length: 16 }, () => letters[Math.floor(random() * 32)]).join('')}`;
  };
  const sessions = agents.map(() => id('ses', now - 5 * 3_600_000));
  const source = { boot: '00112233445566778899aabbccddeeff', name: 'pdp-1' };
  let seq = 0;
  for (let at = now - 5 * 3_600_000; at < now - 20_000;) {
    const busy = 1 + 0.7 * Math.sin(at / 1_500_000) + (random() < 0.01 ? 3 : 0);
    at += Math.ceil((random() * 16_000) / Math.max(0.25, busy));
    const [host, rule, why] = pick(targets);
    const who = Math.floor(random() ** 1.4 * agents.length);
    const allowed = rule !== '' && why === undefined;
    const decision = {
      action: random() < 0.4 ? 'egress.resolve' : 'egress.connect', decision: allowed, id: id('dec', at), kind: 'decision', latencyMicros: 30 + Math.floor(random() * 40), pep: 'egress-1', resource: { id: `${host}:443`, properties: { host, port: 443, protocol: 'tls' }, type: 'endpoint' },
      reason: allowed ? 'rule-allow' : why === 'guard' ? 'guard:metadata-address' : rule !== '' ? 'rule-deny' : 'default-deny', revision, revocationEvent: 0, roles: agents[who].roles, rules: rule === '' ? [] : [rule], seq: ++seq, session: sessions[who], source, subject: { id: agents[who].subject, type: 'session' }, time: stamp(at), v: 1,
      ...(agents[who].tenant && { tenant: agents[who].tenant }), ...(why && why !== 'guard' && { ruleReason: why }),
    };
    records.push(decision);
    if (allowed && decision.action === 'egress.connect') {
      const millis = 200 + Math.floor(random() * 4000);
      records.push({ address: '23.0.0.10', boot: 'ffeeddccbbaa99887766554433221100', bytesIn: Math.floor(random() * 900_000), bytesOut: Math.floor(random() * 9000), decisionId: decision.id, durationMillis: millis, event: 'closed', gate: 'egress-1', kind: 'outcome', received: stamp(at + millis), result: 'closed', seq, session: decision.session, source, time: stamp(at + millis), v: 1 });
    }
  }
  return records.sort((a, b) => ((a.received ?? a.time) < (b.received ?? b.time) ? -1 : 1)).map(canonical);
}

const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const pdp = new Pdp(folder, { adminPort: port, flags: ['--dev', '--name', 'pdp-1', '--console', join(sourceFolder, 'build/console')] });
cpSync(join(sourceFolder, 'policies'), pdp.policies, { recursive: true });
const egressPolicy = readFileSync(join(pdp.policies, 'sample/egress.yaml'), 'utf8');
writeFileSync(join(pdp.policies, 'sample/egress.yaml'), egressPolicy.replace(/      reason: exfiltration-risk\n/, ''));
mkdirSync(join(pdp.data, 'journal'), { recursive: true });
await pdp.start();  // the revision before
await pdp.stop();
putPolicy(join(pdp.policies, 'sample'), 'egress.yaml', egressPolicy);
writeJournal(join(pdp.data, 'journal'), morning(await revisionOf(pdp.policies)));
await pdp.start();

const gate = await pdp.addGate('egress-1', 'egress');
await pdp.addGate('broker-1', 'secrets');
async function session(sub, group, tenant) {
  const made = await run(program('portreeve'), ['token', '--data', pdp.data, '--sub', sub, '--group', group, ...(tenant ? ['--tenant', tenant] : []), '--exchange', pdp.url, '--json']);
  const token = JSON.parse(made.stdout);
  return { token: token.access_token, id: token.session_id };
}
const ask = (from, host) => pdp.ask({
  subject: { type: 'session', id: from.id, properties: { token: from.token } }, action: { name: 'egress.connect' },
  resource: { type: 'endpoint', id: `${host}:443`, properties: { host, port: 443, protocol: 'tls', addresses: ['23.0.0.10'] } },
}, { gate });
const rita = await session('rita', '/agents/research', 'acme');
const carl = await session('carl', '/agents/coding');
await session('dora', '/agents/data', 'acme');
for (const host of ['packages.example.org', 'www.example.org', 'elsewhere.example.com', 'packages.example.org']) await ask(rita, host);
await ask(carl, 'git.example.org');
const denied = (await ask(rita, 'pastebin.com')).json.context.id;
await ask(rita, 'www.example.org');

const browser = await openBrowser();
mkdirSync(out, { recursive: true });
for (const colorScheme of ['light', 'dark']) {
  const person = await Person.arrive(browser, origin, { colorScheme, viewport: { width: 1360, height: 900 } });
  const link = await run(program('portreeve'), ['console-link', '--data', pdp.data, '--admin', origin]);
  const shoot = async (name) => {
    await person.page.waitForTimeout(400);  // until the plot is drawn
    await person.page.screenshot({ path: join(out, `${name}-${colorScheme}.png`) });
  };
  await person.page.goto(`${origin}/console/`);
  await shoot('sign-in');
  await person.page.goto(/http:\S+#link=\S+/.exec(link.stdout)[0]);
  await eventually('the overview', () => person.page.getByRole('heading', { name: 'Overview' }).isVisible());
  await person.open('/console/?range=6h');
  await shoot('overview');
  await person.open('/console/decisions?kind=decision&range=6h');
  await shoot('decisions');
  await person.open(`/console/decisions/${denied}`);
  await shoot('decision');
  await person.open('/console/sessions');
  await shoot('sessions');
  await person.page.getByRole('button', { name: 'Cut', exact: true }).first().click();
  await person.page.getByLabel('Reason').fill('Reads more than it was asked to');
  await shoot('kill-switch');
  await person.press('Escape');
  await person.open(`/console/sessions/${rita.id}`);
  await shoot('session');
  await person.open('/console/policies');
  await shoot('policies');
  await person.click('link', 'What changed');
  await shoot('difference');
  await person.open('/console/policies');
  await person.click('link', 'Read what is in force');
  await person.click('link', 'sample/egress.yaml');
  await shoot('revision');
  await person.open('/console/try');
  await person.page.getByLabel('Subject', { exact: true }).fill('dev/rita');
  await person.page.getByLabel('Resource', { exact: true }).fill('packages.example.org:8443');
  await person.page.getByLabel('Properties of the resource').fill('{\n  "protocol": "tls",\n  "addresses": ["23.0.0.10"]\n}');
  await person.click('button', 'Ask');
  await person.page.locator('.verdict').waitFor();
  await shoot('try');
  person.assertNoFaults();
  await person.leave();
}
await browser.close();
await pdp.stop();
