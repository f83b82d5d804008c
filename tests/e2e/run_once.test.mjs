// The scripts that a newcomer runs: well formed, helpful, and strict about what they are given.
import assert from 'node:assert/strict';
import { accessSync, chmodSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { makeFolder, program, run, sourceFolder } from './support/processes.mjs';

const scripts = ['tools/run', 'tools/test', 'tools/bootstrap', 'tools/build', 'tools/bench', 'tools/demo/world', 'tools/demo/make_certificate'];

describe('the scripts', () => {
  for (const script of scripts) {
    it(`${script} can be run, parses, and stops at the first failure`, async () => {
      const path = join(sourceFolder, script);
      accessSync(path, constants.X_OK);
      const parsed = await run('bash', ['-n', path]);
      assert.equal(parsed.code, 0, parsed.stderr);
      assert.match(readFileSync(path, 'utf8'), /^#!\/usr\/bin\/env bash\n[^]*^set -euo pipefail$/m);
    });
  }

  it('tools/run says what it can do, and refuses what it cannot', async () => {
    const help = await run(join(sourceFolder, 'tools/run'), ['--help']);
    assert.equal(help.code, 0);
    for (const option of ['--once', '--data']) assert.match(help.stdout, new RegExp(option));
    const refused = await run(join(sourceFolder, 'tools/run'), ['--onze']);
    assert.deepEqual([refused.code, refused.stdout], [2, '']);
    assert.match(refused.stderr, /unknown argument `--onze`/);
  });

  // Namespaces that only root or only a user may make, or nobody: each machine shows what it can, and says what it cannot.
  it('tools/run --once shows decisions where there are no namespaces, and a person sees why', async () => {
    const folder = makeFolder('run-once');
    const tools = join(folder, 'bin');
    mkdirSync(tools);
    writeFileSync(join(tools, 'unshare'), '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n');
    chmodSync(join(tools, 'unshare'), 0o755);
    const shown = await run(join(sourceFolder, 'tools/run'), ['--once', '--data', join(folder, 'data')], {
      env: { ...process.env, PATH: `${tools}:${process.env.PATH}`, PORTREEVE_BIN: dirname(program('portreeve')), NO_COLOR: '1' }, timeout: 120_000,
    });
    assert.equal(shown.code, 0, `${shown.stdout}\n${shown.stderr}`);
    assert.match(shown.stdout, /this machine refuses network namespaces, so no sandbox and no connection is shown, only decisions by HTTP/);
    assert.match(shown.stdout, /"decision":true/);
    assert.match(shown.stdout, /"decision":false/);
    assert.match(shown.stdout, /▸ stopping\n$/);
  });
});
