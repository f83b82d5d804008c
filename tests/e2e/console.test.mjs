// Every page of the console in a real browser, beside a real PDP, gate and world: what people do there, by mouse and by keyboard.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { openBrowser, Person } from './support/browser.mjs';
import { ConsoleWorld, consolePolicies } from './support/console_world.mjs';
import { putPolicy } from './support/pdp.mjs';
import { eventually } from './support/processes.mjs';

const themes = ['light', 'dark'];
// Everything that a page could take for something else than text.
const hostile = {
  html: '<img src=x onerror=alert(1)><script>alert(2)</script>', ansi: '\u001b[2J\u001b[31mred', bidi: 'invoice\u202egpj.exe', formula: '=HYPERLINK("http://evil.example","x")',
  hidden: 'pay\u200bpal\u2066', lines: 'one\ntwo\r\u2028three', entity: '&lt;b&gt;&#x202e;', css: '"><style>*{display:none}</style>',
};

describe('the console', () => {
  const world = new ConsoleWorld();
  let browser;
  let rita;  // an agent's session, with decisions of every kind
  let olga;  // sees all tenants and may cut
  let revisions;

  async function signIn(name, options) {
    const person = await Person.arrive(browser, world.origin, options);
    await person.page.goto(`${world.origin}/console/`);
    await person.page.getByRole('link', { name: 'Sign in with idp' }).click();
    await person.page.getByPlaceholder(/login/i).fill(name);
    await person.page.getByPlaceholder(/password/i).fill('any');
    await person.page.getByRole('button', { name: /sign-in/i }).click();
    await person.page.getByRole('button', { name: /continue/i }).click();
    await person.page.getByRole('heading', { name: 'Overview' }).waitFor();
    person.strangers = [];
    return person;
  }

  before(async () => {
    await world.start();
    browser = await openBrowser();
    rita = await world.session('rita');
    await world.fetch(rita, 'packages.example.org');
    await world.fetch(rita, 'git.example.org');
    assert.notEqual((await world.push(rita, 'https://git.mirror.example.org/app.git')).code, 0);
    await world.fetch(rita, 'elsewhere.example.com');
    const first = (await world.pdp.records('--kind', 'decision'))[0].revision;
    putPolicy(world.pdp.policies, 'policies.yaml', consolePolicies(world.issuer.url, 'mirrors-take-no-pushes'));
    await eventually('the second revision', async () => {
      await world.fetch(rita, 'packages.example.org');
      const last = (await world.pdp.records('--kind', 'decision')).at(-1).revision;
      return last !== first && (revisions = [first, last]);
    });
    for (const text of Object.values(hostile)) {
      const answer = await world.pdp.ask({ subject: { type: 'agent', id: text }, action: { name: text }, resource: { type: text, id: text, properties: { host: text } } });
      assert.equal(answer.status, 200, answer.text);
    }
    olga = await signIn('olga');
  });
  after(async () => {
    await browser?.close();
    await world.stop();
  });

  const pages = () => ({
    overview: '/console/', decisions: '/console/decisions?kind=decision', sessions: '/console/sessions', session: `/console/sessions/${rita.id}`, policies: '/console/policies',
    revision: `/console/policies/${encodeURIComponent(revisions[1])}`, difference: `/console/policies/difference?from=${revisions[0]}&to=${revisions[1]}`, try: '/console/try',
  });
  const denied = async () => (await world.pdp.records('--kind', 'decision')).filter((record) => record.resource?.id === 'git.mirror.example.org:443').at(-1);

  describe('signing in', () => {
    it('by the identity provider, back to the page that was asked for', async () => {
      const person = await Person.arrive(browser, world.origin);
      await person.page.goto(`${world.origin}/console/sessions?state=all`);
      await person.page.getByRole('link', { name: 'Sign in with idp' }).click();
      await person.page.getByPlaceholder(/login/i).fill('olga');
      await person.page.getByPlaceholder(/password/i).fill('any');
      await person.page.getByRole('button', { name: /sign-in/i }).click();
      await person.page.getByRole('button', { name: /continue/i }).click();
      await person.page.getByRole('heading', { level: 1, name: 'Sessions' }).waitFor();
      assert.match(person.page.url(), /\/console\/sessions\?state=all$/);
      await person.click('button', 'Sign out');
      await person.page.getByRole('heading', { name: 'Sign in' }).waitFor();
      assert.deepEqual(person.faults, []);
      await person.leave();
    });
    it('by a one-time link, once, and the token leaves the address', async () => {
      const link = await world.link();
      const person = await Person.arrive(browser, world.origin);
      await person.page.goto(link);
      await person.page.getByRole('heading', { name: 'Overview' }).waitFor();
      assert.doesNotMatch(person.page.url(), /link=/);
      await person.page.goBack().catch(() => undefined);
      assert.doesNotMatch(person.page.url(), /link=/, 'the history does not have it either');
      person.assertNoFaults();
      await person.leave();
      const late = await Person.arrive(browser, world.origin);
      await late.page.goto(link);
      await late.sees('This link was used');
      await late.leave();
    });
    it('who has no role is told what to do', async () => {
      const nobody = await Person.arrive(browser, world.origin);
      await nobody.page.goto(`${world.origin}/console/?sign-in=refused`);
      await nobody.sees('the policies give you nothing to do here');
      await nobody.leave();
    });
  });

  describe('the overview', () => {
    it('shows figures, the plot, denials, targets and gates', async () => {
      await olga.open('/console/');
      await olga.page.locator('.plot canvas').waitFor();
      await olga.sees('git.mirror.example.org:443');
      const gates = olga.page.getByRole('region', { name: 'Gates' });
      await gates.getByText('egress-e2e').waitFor();
      assert.match(await gates.innerText(), /(s|min) ago|now/);
      const figures = await olga.page.locator('.tile .figure').allInnerTexts();
      const records = await world.pdp.records('--kind', 'decision');
      assert.ok(Number(figures[1].replace(/,/g, '')) <= records.filter((record) => !record.decision).length);
      assert.ok(Number(figures[1].replace(/,/g, '')) > 0);
    });
    it('shows the plot as a table too', async () => {
      await olga.page.getByText('As a table').click();
      await olga.page.getByRole('region', { name: 'Counts over time' }).waitFor();
    });
  });

  describe('decisions', () => {
    it('are filtered by a value, by words, and by the address; chips take a filter away', async () => {
      await olga.open('/console/decisions?kind=decision');
      const table = olga.page.getByRole('region', { name: 'Records, newest first' });
      await olga.click('button', /^git\.mirror\.example\.org/);
      assert.match(olga.page.url(), /host=git\.mirror\.example\.org/);
      await eventually('only that host', async () => (await table.locator('tbody tr').allInnerTexts()).every((row) => row.includes('git.mirror.example.org')));
      await olga.page.getByLabel('Search the log').fill('decision:allow host:packages.example.org');
      await olga.press('Enter');
      await eventually('only packages', async () => { const rows = await table.locator('tbody tr').allInnerTexts(); return rows.length > 0 && rows.every((row) => row.includes('packages.example.org') && row.includes('Allowed')); });
      await olga.page.getByRole('button', { name: 'Remove the filter Host: packages.example.org' }).click();
      await eventually('other hosts', async () => (await table.innerText()).includes('git.example.org'));
      await olga.page.getByLabel('Search the log').fill('no-such-text-anywhere');
      await olga.press('Enter');
      await olga.sees('Nothing matches');
      olga.assertNoFaults();
    });
    it('count their values', async () => {
      await olga.open('/console/decisions?kind=decision&subject=idp%2Frita-agent');
      const records = (await world.pdp.records('--kind', 'decision')).filter((record) => record.subject.id === 'idp/rita-agent');
      const deny = records.filter((record) => !record.decision).length;
      await olga.page.getByRole('button', { name: `denied${deny}` }).or(olga.page.getByRole('button', { name: `denied ${deny}` })).first().waitFor();
    });
    it('are followed live', async () => {
      await olga.open('/console/decisions?kind=decision');
      await olga.click('button', /Follow live/);
      const id = `live-${Date.now()}`;
      await world.pdp.ask({ subject: { type: 'agent', id }, action: { name: 'read' }, resource: { type: 'document', id: '1' } });
      await olga.page.getByRole('region', { name: 'Records, newest first' }).getByText(id).waitFor({ timeout: 10_000 });
      await olga.click('button', /Following live/);
    });
    it('are paged by key, all of them once', async () => {
      const total = (await world.pdp.records('--kind', 'decision')).length;
      for (let made = total; made < 230; ++made) await world.pdp.ask({ subject: { type: 'agent', id: 'filler' }, action: { name: 'read' }, resource: { type: 'document', id: String(made) } });
      const seen = new Set();
      await olga.open('/console/decisions?subject=filler&kind=decision');
      for (let turn = 0; turn < 5; ++turn) {
        for (const href of await olga.page.locator('table.stacking tbody tr td.time a').evaluateAll((links) => links.map((link) => link.getAttribute('href')))) {
          assert.ok(!seen.has(href), `${href} once`);
          seen.add(href);
        }
        const older = olga.page.getByRole('link', { name: 'Older records' });
        if (await older.count() === 0) break;
        await older.click();
        await eventually('the next page', async () => !seen.has(await olga.page.locator('table.stacking tbody tr td.time a').first().getAttribute('href')));
      }
      assert.equal(seen.size, (await world.pdp.records('--kind', 'decision')).filter((record) => record.subject.id === 'filler').length);
    });
    it('are exported as they are shown: JSON Lines are the stored bytes, CSV has no formulas', async () => {
      await olga.open('/console/decisions?kind=decision&subject=idp%2Frita-agent');
      const save = async (format) => {
        await olga.click('button', /Export/);
        const [download] = await Promise.all([olga.page.waitForEvent('download'), olga.page.getByRole('link', { name: format, exact: true }).click()]);
        return readFileSync(await download.path(), 'utf8');
      };
      const lines = (await save('JSON Lines')).trim().split('\n').map((line) => JSON.parse(line));
      const expected = (await world.pdp.records('--kind', 'decision')).filter((record) => record.subject.id === 'idp/rita-agent').reverse();
      assert.deepEqual(lines.map((record) => record.id), expected.map((record) => record.id));
      await olga.open('/console/decisions?kind=decision&reason=default-deny');
      const csv = await save('CSV');
      assert.ok(csv.includes('HYPERLINK'));
      assert.doesNotMatch(csv, /(^|,)"?[=+@-][A-Z(]/m, 'no cell begins like a formula');
    });
    it('a link shows a colleague the same rows', async () => {
      await olga.open('/console/decisions?kind=decision&host=git.mirror.example.org&range=1h');
      const rows = () => olga.page.locator('table.stacking tbody tr td.time a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
      const mine = await rows();
      assert.ok(mine.length > 0);
      await olga.click('button', /Copy link/);
      const link = await eventually('the clipboard', () => olga.page.evaluate(() => navigator.clipboard.readText()));
      assert.match(link, /from=.*until=/);
      await world.push(rita, 'https://git.mirror.example.org/app.git');  // later than the link
      const ada = await signIn('ada');
      await ada.page.goto(link);
      await ada.settled();
      await ada.page.locator('table.stacking tbody tr').first().waitFor();
      assert.deepEqual(await ada.page.locator('table.stacking tbody tr td.time a').evaluateAll((links) => links.map((each) => each.getAttribute('href'))), mine);
      ada.assertNoFaults();
      await ada.leave();
    });
  });

  describe('a decision', () => {
    it('says who, what and why, with the policy of its time, the line marked', async () => {
      const record = (await world.pdp.records('--kind', 'decision')).find((each) => each.resource?.id === 'git.mirror.example.org:443' && each.revision === revisions[0]);
      await olga.open(`/console/decisions/${record.id}`);
      assert.match(await olga.page.locator('.sentence').innerText(), /idp\/rita-agent may not .* git\.mirror\.example\.org:443, because the rule everyone\/no-foreign-push denies it/);
      const marked = await olga.page.locator('.code li.marked').allInnerTexts();
      assert.match(marked.join('\n'), /no-foreign-push[^]*mirrors-are-read-only/, 'the text that decided, not what is in force now');
      await olga.page.getByText('binding research by group /agents/research').waitFor();
      const rules = olga.page.getByRole('region', { name: 'Rules considered' });
      await rules.getByRole('link', { name: 'everyone/no-foreign-push' }).waitFor();
      await olga.page.getByRole('heading', { name: 'Stands in the way' }).waitFor();
      await olga.page.locator('ul.ways').getByText(/everyone\/no-foreign-push denies it \(mirrors-are-read-only\); a deny overrides every allow/).waitFor();
      await olga.page.getByText('Around it, in the same session').waitFor();
      olga.assertNoFaults();
    });
    it('says what would have allowed it, the nearest first, and leads to the line', async () => {
      const record = (await world.pdp.records('--kind', 'decision')).find((each) => each.resource?.id === 'elsewhere.example.com:443');
      await olga.open(`/console/decisions/${record.id}`);
      assert.match(await olga.page.locator('.sentence').innerText(), /because no rule allows it/);
      const ways = olga.page.locator('ol.ways > li');
      assert.match(await ways.first().innerText(), /no allow rule is near: one would have to be written, for the role researcher/);
      await ways.first().getByText('What to write').click();
      await ways.first().getByText('hosts: [elsewhere.example.com]').waitFor();
      const allowed = (await world.pdp.records('--kind', 'decision')).find((each) => each.resource?.id === 'packages.example.org:443' && each.decision && each.revision === revisions[0]);
      await olga.open(`/console/decisions/${allowed.id}`);
      assert.equal(await olga.page.locator('.ways').count(), 0, 'nothing is offered for an allow');
      await olga.page.getByRole('region', { name: 'Rules considered' }).getByRole('link', { name: 'research-web/packages' }).click();
      await olga.page.locator('.code li.marked', { hasText: 'id: packages' }).waitFor();
      assert.ok(olga.page.url().includes(encodeURIComponent(revisions[0])), 'of the revision that decided');
      olga.assertNoFaults();
    });
    it('shows what the gate then did', async () => {
      const record = await eventually('an outcome', async () => (await world.pdp.records('--kind', 'outcome')).find((each) => each.resource?.id === 'packages.example.org:443' || each.bytesIn > 0));
      await olga.open(`/console/decisions/${record.decisionId}`);
      await olga.sees('What the gate then did');
      await olga.page.locator('.timeline').getByText(record.event).first().waitFor();
    });
    it('that does not exist is said so', async () => {
      await olga.open('/console/decisions/dec_01ARZ3NDEKTSV4RRFFQ69G5FAV');
      assert.equal(await olga.heading(), 'There is no such thing here');
    });
    it('of another tenant is as if it did not exist', async () => {
      const dora = await world.session('dora');
      await world.fetch(dora, 'packages.example.org');
      const record = (await world.pdp.records('--kind', 'decision')).find((each) => each.session === dora.id);
      const ada = await signIn('ada');
      await ada.open(`/console/decisions/${record.id}`);
      assert.match(await ada.heading(), /There is no such thing here|another tenant/);
      await ada.open(`/console/sessions/${dora.id}`);
      assert.match(await ada.heading(), /There is no such thing here|another tenant/);
      await ada.open('/console/decisions?kind=decision&subject=idp%2Fdora-agent');
      await ada.sees('Nothing matches');
      assert.equal(await ada.page.getByRole('button', { name: 'Cut', exact: true }).count(), 0, 'an auditor sees no kill switch');
      await ada.leave();
    });
  });

  it('the kill switch cuts a real tunnel', async () => {
    const session = await world.session('rita');
    const tunnel = await world.tunnel(session, 'packages.example.org');
    await olga.open(`/console/sessions/${session.id}`);
    await olga.click('button', 'Cut session');
    const dialog = olga.page.getByRole('dialog');
    assert.equal(await dialog.getByRole('button', { name: 'Cut session' }).isDisabled(), true, 'not without a reason');
    await dialog.getByLabel('Reason').fill('the agent went astray');
    await dialog.getByRole('button', { name: 'Cut session' }).click();
    await tunnel.closed;
    await olga.page.getByText('Cut', { exact: true }).first().waitFor();
    const refused = await world.fetch(session, 'packages.example.org');
    assert.equal(refused.connect, 403);
    assert.ok((await world.pdp.records('--kind', 'admin')).some((record) => JSON.stringify(record).includes('the agent went astray')), 'the reason stands in the log');
    olga.assertNoFaults();
  });

  it('a subject is cut and let in again', async () => {
    const session = await world.session('dora');
    await olga.open('/console/sessions');
    await olga.click('button', /Cut a subject/);
    const dialog = olga.page.getByRole('dialog');
    await dialog.getByLabel('Subject').fill('idp/dora-agent');
    await dialog.getByLabel('Reason').fill('on leave');
    await dialog.getByRole('button', { name: 'Cut subject' }).click();
    await olga.page.getByRole('region', { name: 'Revocations in force' }).getByText('on leave').waitFor();
    assert.equal((await world.fetch(session, 'packages.example.org')).connect, 403);
    await assert.rejects(world.session('dora'));
    await olga.click('button', 'Lift…');
    await olga.page.getByRole('dialog').getByRole('button', { name: 'Lift' }).click();
    await eventually('a new session', () => world.session('dora'));
  });

  describe('policies', () => {
    it('lists revisions, shows their documents, and links to a line', async () => {
      await olga.open('/console/policies');
      assert.ok(await olga.page.locator('table.stacking tbody tr').count() >= 2);
      await olga.click('link', 'Read what is in force');
      await olga.click('link', /^research-web/);
      assert.match(olga.page.url(), /#L\d+$/);
      assert.match(await olga.page.locator('.code li.marked').first().innerText(), /name: research-web/);
    });
    it('every line can be linked to by keyboard', async () => {
      await olga.open(`/console/policies/${encodeURIComponent(revisions[1])}#L5`);
      const numbers = olga.page.locator('.code a.no');
      assert.equal(await olga.page.locator('.code a.no[tabindex="0"]').count(), 1, 'one stop for Tab, however many lines');
      await olga.page.locator('.code[role=region]').focus();
      await olga.press('Tab');
      const focused = () => olga.page.evaluate(() => document.activeElement?.textContent);
      assert.equal(await focused(), '5', 'at the line that is marked');
      await olga.press('ArrowDown', 'ArrowDown');
      assert.equal(await focused(), '7');
      await olga.press('Enter');
      await olga.page.waitForURL(/#L7$/);
      assert.equal(await olga.page.locator('.code li.marked').count(), 1);
      await numbers.nth(6).focus();
      await olga.press('Home');
      assert.equal(await focused(), '1');
    });
    it('shows what changed between two', async () => {
      await olga.open('/console/policies');
      await olga.click('link', 'What changed');
      await olga.page.locator('li.added').waitFor();
      assert.match(await olga.page.locator('li.removed').innerText(), /mirrors-are-read-only/);
      assert.match(await olga.page.locator('li.added').innerText(), /mirrors-take-no-pushes/);
      assert.equal(await olga.page.locator('li.added, li.removed').count(), 2);
    });
  });

  it('a question is tried, and explained', async () => {
    await olga.open('/console/try');
    await olga.page.getByLabel('Subject', { exact: true }).fill('idp/rita-agent');
    await olga.page.getByLabel('Resource', { exact: true }).fill('git.mirror.example.org:443');
    await olga.page.getByLabel('Properties of the resource').fill('{"host":"git.mirror.example.org","port":443,"protocol":"tls","addresses":["23.0.0.10"]}');
    await olga.click('button', 'Ask');
    await olga.page.locator('.verdict').getByText('Denied').waitFor();
    assert.match(await olga.page.locator('.code li.marked').allInnerTexts().then((lines) => lines.join('\n')), /mirrors-take-no-pushes/);
    assert.match(await olga.page.locator('ul.ways').innerText(), /everyone\/no-foreign-push denies it/);
    await olga.page.getByLabel('Resource', { exact: true }).fill('packages.example.org:8443');
    await olga.page.getByLabel('Properties of the resource').fill('{"protocol":"tls","addresses":["10.1.2.3","127.0.0.1"]}');
    await olga.click('button', 'Ask');
    await olga.page.getByRole('heading', { name: 'No policy opens this' }).waitFor();
    assert.match(await olga.page.locator('.sentence').innerText(), /because the guard does not let it/);
    const guard = olga.page.locator('section.card', { has: olga.page.getByRole('heading', { name: 'Guard', exact: true }) });
    assert.match(await guard.innerText(), /10\.1\.2\.3[^]*guard:private-address[^]*127\.0\.0\.1[^]*guard:loopback-address[^]*nothing opens it/);
    await olga.page.getByLabel('Properties of the resource').fill('{"protocol":"tls","addresses":["23.0.0.10"]}');
    await olga.click('button', 'Ask');
    await olga.page.locator('ol.ways > li').first().getByText(/research-web\/\S+ would allow it if its ports had 8443/).waitFor();
    await olga.page.getByRole('region', { name: 'Rules considered' }).getByText(/asked was 8443/).first().waitFor();
    await olga.page.getByLabel('Properties of the resource').fill('{"host":');
    await olga.click('button', 'Ask');
    await olga.sees('This is no JSON object.');
  });

  describe('a person\'s tasks', () => {
    it('find why the last `git push` of a session was refused: 3 clicks from the overview', async () => {
      await olga.open('/console/');
      olga.clicks = 0;
      await olga.click('link', 'Sessions');
      await olga.page.locator('table.stacking tbody tr', { hasText: rita.id.slice(-8) }).getByRole('link', { name: 'What it did' }).click(); ++olga.clicks;
      await olga.page.locator('table.stacking tbody tr', { hasText: 'git.mirror.example.org' }).first().click(); ++olga.clicks;
      await olga.page.locator('.sentence', { hasText: 'everyone/no-foreign-push denies it' }).waitFor();
      assert.equal(olga.clicks, 3);
    });
    it('find everything that one session did before it was cut: 2 clicks from the list of cut sessions', async () => {
      const session = await world.session('rita');
      await world.fetch(session, 'packages.example.org');
      await world.fetch(session, 'elsewhere.example.com');
      const cut = await olga.page.request.post(`${world.origin}/v1/revocations?tenants=*`, { data: { session: session.id, reason: 'test' }, headers: { 'X-Portreeve-Console': '1', Origin: world.origin } });
      assert.equal(cut.status(), 200, await cut.text());
      await olga.open('/console/sessions');
      olga.clicks = 0;
      await olga.click('link', 'Cut');
      await olga.page.locator('table.stacking tbody tr', { hasText: session.id.slice(-8) }).getByRole('link', { name: 'What it did' }).click(); ++olga.clicks;
      await olga.page.locator('table.stacking tbody tr').first().waitFor();
      const expected = (await world.pdp.records()).filter((record) => record.session === session.id).length;
      await eventually('all of it', async () => await olga.page.locator('table.stacking tbody tr').count() === expected);
      assert.equal(olga.clicks, 2);
    });
    it('show a third person the policy text that decided, by a link: 1 click on the decision', async () => {
      const record = await denied();
      await olga.open(`/console/decisions/${record.id}`);
      olga.clicks = 0;
      await olga.click('button', 'Copy link');
      const link = await eventually('the clipboard', async () => { const text = await olga.page.evaluate(() => navigator.clipboard.readText()); return text.includes(record.id) && text; });
      assert.equal(olga.clicks, 1);
      const ada = await signIn('ada');
      await ada.page.goto(link);
      await ada.page.locator('.code li.marked', { hasText: 'no-foreign-push' }).waitFor();
      await ada.leave();
    });
    it('cut a session: 3 clicks from the overview', async () => {
      const session = await world.session('rita');
      await olga.open('/console/');
      olga.clicks = 0;
      await olga.click('link', 'Sessions');
      await olga.page.locator('table.stacking tbody tr', { hasText: session.id.slice(-8) }).getByRole('button', { name: 'Cut' }).click(); ++olga.clicks;
      await olga.page.keyboard.type('astray');  // the reason has the focus
      await olga.page.getByRole('dialog').getByRole('button', { name: 'Cut session' }).click(); ++olga.clicks;
      await olga.page.locator('.toast').getByText(session.id).waitFor();
      assert.equal(olga.clicks, 3);
    });
    it('see what changed between two revisions: 2 clicks from the overview', async () => {
      await olga.open('/console/');
      olga.clicks = 0;
      await olga.click('link', 'Policies');
      await olga.click('link', 'What changed');
      await olga.page.locator('li.added').waitFor();
      assert.equal(olga.clicks, 2);
    });
  });

  it('works by keyboard alone', async () => {
    const { page } = olga;
    const focus = () => page.evaluate(() => { const { activeElement: element } = document; return { tag: element?.tagName, id: element?.id, text: element?.textContent ?? '', outline: element === null ? '' : getComputedStyle(element).outlineStyle }; });
    await olga.open('/console/');
    await olga.press('Tab');
    assert.match((await focus()).text, /Skip to the content/);
    await olga.press('2');
    await page.getByRole('heading', { level: 1, name: 'Decisions' }).waitFor();
    await page.locator('table.stacking tbody tr').first().waitFor();
    await olga.press('j', 'j', 'k', 'j');
    const second = await page.locator('table.stacking tbody tr').nth(1).getByRole('link').first().getAttribute('href');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('href')), second);
    assert.notEqual((await focus()).outline, 'none', 'the focus can be seen');
    await olga.press('Enter');
    await page.getByRole('heading', { name: 'Decision', exact: true }).waitFor();
    await olga.press('Escape');
    await page.getByRole('heading', { level: 1, name: 'Decisions' }).waitFor();
    await page.locator('#search').waitFor();
    await olga.press('/');
    await page.waitForFunction(() => document.activeElement?.id === 'search');
    await page.keyboard.type('host:git.mirror.example.org');
    await olga.press('Enter');
    await page.getByRole('button', { name: /Remove the filter Host/ }).waitFor();
    await olga.press('Escape', 't');
    await page.getByRole('button', { name: 'Following live' }).waitFor();
    await olga.press('t', 'e');
    await page.getByRole('dialog', { name: 'Export' }).waitFor();
    await olga.press('Escape', '?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await olga.press('Escape');
    assert.equal(await page.getByRole('dialog').count(), 0);
    olga.assertNoFaults();
  });

  it('hostile strings are text on every page that shows them', async () => {
    for (const [name, text] of Object.entries(hostile)) {
      await olga.open(`/console/decisions?${new URLSearchParams({ subject: text })}`);
      await olga.page.locator('table.stacking tbody tr').first().waitFor();
      await olga.page.locator('table.stacking tbody tr').first().getByRole('link').first().click();
      await olga.page.getByRole('heading', { name: 'Decision', exact: true }).waitFor();
      const raw = await olga.page.evaluate(() => document.body.innerText.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g));
      assert.equal(raw, null, `${name}: nothing that misleads is in the page`);
      assert.equal(await olga.page.locator('#content img, #content script, #content style').count(), 0, name);
      if (/[\u0000-\u001f\u200b-\u206f]/.test(text)) assert.ok(await olga.page.locator('.unseen').count() > 0, `${name}: marks show`);
      olga.assertNoFaults();
    }
    await olga.open('/console/decisions/%3Cimg%20src=x%20onerror=alert(1)%3E');
    await olga.open(`/console/try?question=${encodeURIComponent('<script>')}`);
    olga.assertNoFaults();
  });

  for (const colorScheme of themes) {
    it(`axe-core finds nothing, in ${colorScheme}`, async () => {
      const person = await signIn('olga', { colorScheme });
      for (const [name, path] of Object.entries({ ...pages(), decision: `/console/decisions/${(await denied()).id}` })) {
        await person.open(path);
        assert.equal(await person.page.evaluate(() => document.documentElement.dataset.theme), colorScheme);
        assert.deepEqual(await person.violations(), [], name);
      }
      await person.open('/console/sessions');
      await person.page.getByRole('button', { name: 'Cut', exact: true }).first().click();
      assert.deepEqual(await person.violations(), [], 'the kill switch');
      person.assertNoFaults();
      await person.leave();
    });
  }

  for (const width of [320, 768, 2560]) {
    it(`nothing is wider than a window of ${width} pixels`, async () => {
      const person = await signIn('olga', { viewport: { width, height: 800 } });
      for (const [name, path] of Object.entries({ ...pages(), decision: `/console/decisions/${(await denied()).id}` })) {
        await person.open(path);
        assert.ok(await person.overflow() <= 0, name);
      }
      await person.leave();
    });
  }

  it('the PDP away and back: the page says so, and goes on', async () => {
    await olga.open('/console/decisions?kind=decision');
    await olga.context.setOffline(true);
    await olga.click('button', /^default-deny/).catch(() => undefined);
    await olga.sees('The PDP does not answer');
    await olga.context.setOffline(false);
    await olga.page.getByRole('button', { name: 'Try again' }).first().click();
    await olga.page.locator('table.stacking tbody tr').first().waitFor();
  });
});
