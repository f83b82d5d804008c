// Types from the API's contract, the type check, the bundle, and every file compressed beside itself.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
await import('./generate_api.mjs');
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', root], { stdio: 'inherit' });
await build({ root, logLevel: 'warn', configFile: join(root, 'vite.config.ts') });

const out = process.env.PORTREEVE_CONSOLE_OUT ?? join(root, '../../build/console');
let whole = 0;
for (const name of readdirSync(out, { recursive: true })) {
  const path = join(out, name);
  if (!statSync(path).isFile() || !/\.(html|js|css|svg)$/.test(name)) continue;
  const packed = gzipSync(readFileSync(path), { level: 9 });
  writeFileSync(`${path}.gz`, packed);
  whole += packed.length;
}
console.log(`  ${(whole / 1000).toFixed(1)} KB compressed`);
