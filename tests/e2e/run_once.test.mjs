// The scripts that a newcomer runs: well formed, helpful, and strict about what they are given.
import assert from 'node:assert/strict';
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run, sourceFolder } from './support/processes.mjs';

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
});
