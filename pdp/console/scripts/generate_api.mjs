// TypeScript types of docs/openapi.yaml: one for each schema, and for each operation that answers JSON one named OperationAnswer.
import { readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';

const here = (path) => new URL(path, import.meta.url);
const contract = parse(readFileSync(here('../../../docs/openapi.yaml'), 'utf8'), { merge: true, maxAliasCount: 1000 });
// TypeScript has a Record of its own.
const typeName = (name) => (name === 'Record' ? 'LogRecord' : name);
const capital = (name) => name[0].toUpperCase() + name.slice(1);

function typeOf(schema, indent = '') {
  if (schema === undefined || Object.keys(schema).length === 0) return 'unknown';
  if (schema.$ref) return typeName(schema.$ref.split('/').at(-1));
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  for (const [key, joint] of [['oneOf', ' | '], ['anyOf', ' | '], ['allOf', ' & ']]) {
    if (schema[key]) return schema[key].map((each) => `(${typeOf(each, indent)})`).join(joint);
  }
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ');
  switch (schema.type) {
    case 'string': return 'string';
    case 'integer':
    case 'number': return 'number';
    case 'boolean': return 'boolean';
    case 'null': return 'null';
    case 'array': return `Array<${typeOf(schema.items, indent)}>`;
    case 'object': {
      const members = Object.entries(schema.properties ?? {});
      if (members.length === 0) {
        const values = typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties, indent) : 'unknown';
        return `Record<string, ${values}>`;
      }
      const required = new Set(schema.required ?? []);
      const inner = `${indent}  `;
      return `{\n${members.map(([name, member]) => `${inner}${JSON.stringify(name)}${required.has(name) ? '' : '?'}: ${typeOf(member, inner)};`).join('\n')}\n${indent}}`;
    }
    default: return 'unknown';
  }
}

const lines = ['// Made from docs/openapi.yaml by scripts/generate_api.mjs.', ''];
for (const [name, schema] of Object.entries(contract.components.schemas)) lines.push(`export type ${typeName(name)} = ${typeOf(schema)};`, '');
for (const path of Object.values(contract.paths)) {
  for (const operation of Object.values(path)) {
    const schema = operation.responses?.['200']?.content?.['application/json']?.schema;
    if (schema && !contract.components.schemas[`${capital(operation.operationId)}Answer`]) lines.push(`export type ${capital(operation.operationId)}Answer = ${typeOf(schema)};`, '');
  }
}
writeFileSync(here('../src/api/schema.ts'), lines.join('\n'));
