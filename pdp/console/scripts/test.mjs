// Bundles each test with what it tests, then runs them with Node's own runner: no test framework, no loader.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(join(root, 'src/api/schema.ts'))) await import('./generate_api.mjs');
const out = mkdtempSync(join(tmpdir(), 'portreeve-console-'));
try {
  const tests = readdirSync(join(root, 'test')).filter((name) => name.endsWith('.test.ts'));
  await build({
    entryPoints: tests.map((name) => join(root, 'test', name)), outdir: out, outExtension: { '.js': '.mjs' },
    bundle: true, format: 'esm', platform: 'node', target: 'node18', jsx: 'automatic', jsxImportSource: 'preact', logLevel: 'warning',
    define: { 'import.meta.env.ROOT': JSON.stringify(root) },
  });
  const files = tests.map((name) => join(out, `${basename(name, '.ts')}.mjs`));
  process.exitCode = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
