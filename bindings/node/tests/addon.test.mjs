// Where the addon cannot be had, the error at import names the cure.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
