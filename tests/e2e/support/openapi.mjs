// docs/openapi.yaml as a judge of answers: each one must be of the schema that the document gives it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import YAML from 'yaml';

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

export class OpenApi {
  constructor(file) {
    this.document = YAML.parse(readFileSync(file, 'utf8'));
    this.ajv = new Ajv({ strict: false, allErrors: true });
    this.ajv.addFormat('date-time', dateTime);
    this.ajv.addFormat('uri', (text) => URL.canParse?.(text) ?? /^https?:\/\//.test(text));
    this.ajv.addSchema(this.document, 'openapi.yaml');
    this.seen = new Set();  // `METHOD /path STATUS` of the document that some answer was judged by
    this.patterns = Object.keys(this.document.paths).map((path) => ({
      path, expression: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`), placeholders: (path.match(/\{/g) ?? []).length,
    })).sort((a, b) => a.placeholders - b.placeholders);
  }

  resolve(node) {
    if (!node?.$ref) return node;
    return node.$ref.slice(2).split('/').reduce((at, key) => at[key], this.document);
  }

  // Fails unless the answer is one that the document foresees.
  check(method, url, answer) {
    const { pathname } = new URL(url);
    const found = this.patterns.find(({ expression }) => expression.test(pathname));
    assert.ok(found, `${pathname} is in the document`);
    const operation = this.document.paths[found.path][method.toLowerCase()];
    assert.ok(operation, `${method} ${found.path} is in the document`);
    const status = operation.responses[answer.status] ? String(answer.status) : 'default';
    this.seen.add(`${method} ${found.path} ${status}`);
    const content = this.resolve(operation.responses[status]).content;
    const type = (answer.headers['content-type'] ?? '').split(';')[0];
    if (!content) { assert.equal(answer.text, '', `${method} ${found.path} answers ${answer.status} without a body`); return; }
    assert.ok(content[type], `${method} ${found.path} ${answer.status} is one of ${Object.keys(content)}, not ${type}: ${answer.text.slice(0, 300)}`);
    if (!type.endsWith('json')) return;
    const pointer = (text) => text.replace(/~/g, '~0').replace(/\//g, '~1');
    let place = `#/paths/${pointer(found.path)}/${method.toLowerCase()}/responses/${status}`;
    const reference = operation.responses[status].$ref;
    if (reference) place = reference;
    const validate = this.ajv.getSchema(`openapi.yaml${encodeURI(place)}/content/${pointer(type)}/schema`);
    assert.ok(validate(answer.json), `${method} ${url} ${answer.status}: ${this.ajv.errorsText(validate.errors)}\n${answer.text.slice(0, 2000)}`);
  }

  // What of the document no answer was judged by: success of each operation.
  unseen() {
    const missing = [];
    for (const [path, item] of Object.entries(this.document.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (method === 'parameters') continue;
        for (const status of Object.keys(operation.responses)) {
          const name = `${method.toUpperCase()} ${path} ${status}`;
          if (status !== 'default' && !this.seen.has(name)) missing.push(name);
        }
      }
    }
    return missing;
  }
}
