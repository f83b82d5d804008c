// Every package that npm installs is under a licence that permits use in a product, and the bundle holds none but those named here.
import { readFileSync } from 'node:fs';

const permissive = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'CC0-1.0', 'Unlicense', 'BlueOak-1.0.0']);
const bundled = ['preact', 'uplot'];
const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));

let wrong = 0;
for (const [path, { license, dev }] of Object.entries(packages)) {
  if (path === '') continue;
  const name = path.replace(/^.*node_modules\//, '');
  const allowed = (license ?? '').replace(/[()]/g, '').split(' OR ').some((each) => permissive.has(each));
  if (!allowed) { ++wrong; console.error(`${name} is under ${license ?? 'no licence'}`); }
  if (!dev && !bundled.includes(name)) { ++wrong; console.error(`${name} would be part of the bundle`); }
}
process.exit(wrong === 0 ? 0 : 1);
