// Where the addon cannot be had, the error at import names the cure.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { launch, outcome } from './helpers.mjs';

const lib = fileURLToPath(new URL('../lib', import.meta.url));

// The package without an addon, or with the file that `put(folder)` puts there.
async function importError(t, { before = '', put = () => {} } = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ficha-package-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(lib, path.join(folder, 'lib'), { recursive: true });
  put(folder);
  const program = `${before}; require(${JSON.stringify(path.join(folder, 'lib/index.js'))})`;
  const { ended, errors } = await outcome(launch(['--input-type=commonjs', '--eval', program]));
  assert.equal(ended, 1);
  return { errors, folder };
}

test('without an addon, the error says how to build one', async (t) => {
  const { errors, folder } = await importError(t);
  assert.match(errors, /ficha has no addon for linux-/);
  assert.ok(errors.includes(`npm run build --prefix ${folder}`));
});

test('the build finds what it needs where npm only linked the package, as from a folder', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ficha-package-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(fileURLToPath(new URL('../scripts', import.meta.url)), path.join(folder, 'scripts'), { recursive: true });
  const put = (file, text) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
    chmodSync(path.join(folder, file), 0o755);
  };
  put('deps/ficha/core/CMakeLists.txt', '');
  // Programs that stand for the real ones: an npm that installs node-addon-api, a cmake that makes an addon of its arguments.
  const api = 'node_modules/node-addon-api/index.js';
  put('bin/npm', `#!/bin/sh\nmkdir -p ${path.dirname(api)} && echo 'exports.include_dir = "the headers"' >${api}\n`);
  put('bin/cmake', '#!/bin/sh\nmkdir -p build/cmake && echo "$@" >>build/cmake/ficha.node\n');
  const env = { ...process.env, PATH: `${path.join(folder, 'bin')}:${process.env.PATH}` };
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.cjs'], { cwd: folder, env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.match(readFileSync(path.join(folder, 'build/Release/ficha.node'), 'utf8'), /-DNODE_ADDON_API_INCLUDE=the headers/);
});

test('with an addon that does not load, the error says how to build one, and why it does not', async (t) => {
  const put = (folder) => {
    mkdirSync(path.join(folder, 'build/Release'), { recursive: true });
    writeFileSync(path.join(folder, 'build/Release/ficha.node'), 'no addon');
  };
  const { errors, folder } = await importError(t, { put });
  assert.ok(errors.includes(`npm run build --prefix ${folder}`));
  assert.match(errors, /cause/);
});

test('Bun and Deno are refused by name', async (t) => {
  const bun = "Object.defineProperty(process, 'versions', { value: { ...process.versions, bun: '1.0' } })";
  assert.match((await importError(t, { before: bun })).errors, /does not run on Bun/);
  assert.match((await importError(t, { before: 'globalThis.Deno = {}' })).errors, /does not run on Deno/);
});
