// A person at a real Chromium (Debian's), who clicks, types and looks; what they do is counted, what the page does wrong is kept.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

let chromium;
try {
  ({ chromium } = await import('playwright-core'));
} catch (error) {
  throw new Error('the end-to-end tests need their npm packages: run `npm --prefix tests/e2e ci`', { cause: error });
}

const program = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export async function openBrowser() {
  if (program === undefined) throw new Error('there is no /usr/bin/chromium: run `tools/bootstrap test`');
  return chromium.launch({ executablePath: program, args: process.getuid() === 0 ? ['--no-sandbox'] : [] });
}

export class Person {
  // `origin` is where the console is; `options` are those of a browser context.
  static async arrive(browser, origin, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', acceptDownloads: true, ...options });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
    const person = new Person();
    Object.assign(person, { context, origin, clicks: 0, faults: [], strangers: [], page: await context.newPage() });
    person.page.setDefaultTimeout(15_000);
    person.page.on('pageerror', (error) => person.faults.push(`error: ${error.message}`));
    person.page.on('console', (message) => { if (/Content.Security.Policy|Trusted|violates/i.test(message.text())) person.faults.push(message.text()); });
    person.page.on('dialog', (dialog) => { person.faults.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    person.page.on('request', (request) => { if (new URL(request.url()).origin !== origin) person.strangers.push(request.url()); });
    return person;
  }

  // An address of the console, typed or from a link that somebody sent.
  async open(path) {
    await this.page.goto(new URL(path, this.origin).href);
    await this.settled();
  }

  // Nothing is being read any more.
  async settled() {
    await this.page.waitForFunction(() => document.querySelector('.loading') === null && document.querySelector('h1') !== null);
  }

  // Counted.
  async click(role, name, { within } = {}) {
    ++this.clicks;
    await (within ?? this.page).getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) }).first().click();
    await this.settled();
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  sees(text) { return this.page.getByText(text).first().waitFor(); }
  heading() { return this.page.getByRole('heading', { level: 1 }).first().innerText(); }

  // What axe-core finds wrong on the page as it is.
  async violations() {
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.any[0]?.message ?? node.failureSummary}`));
  }

  // How far the page is wider than the window.
  overflow() { return this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth); }

  assertNoFaults() {
    assert.deepEqual(this.faults, [], 'the page did nothing wrong');
    assert.deepEqual(this.strangers, [], 'the page asked nobody else');
  }

  leave() { return this.context.close(); }
}
