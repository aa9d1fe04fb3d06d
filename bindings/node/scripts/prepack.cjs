'use strict';
// Completes the package before it is packed: the addon for this platform under prebuilds/, and the core's sources under
// deps/ for every other.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const top = path.join(root, '../..');

require('./build.cjs');

const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
const prebuilds = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`);
fs.rmSync(path.join(root, 'prebuilds'), { recursive: true, force: true });
fs.mkdirSync(prebuilds, { recursive: true });
const addon = path.join(prebuilds, `ficha.${libc}.node`);
fs.copyFileSync(path.join(root, 'build/Release/ficha.node'), addon);
execFileSync('strip', ['--strip-unneeded', addon]);

const core = path.join(root, 'deps/ficha');
fs.rmSync(core, { recursive: true, force: true });
for (const entry of ['CMakeLists.txt', 'LICENSE', 'cmake', 'core', 'packaging/ficha-config.cmake.in', 'packaging/ficha.pc.in']) {
  fs.cpSync(path.join(top, entry), path.join(core, entry), { recursive: true });
}
fs.copyFileSync(path.join(top, 'LICENSE'), path.join(root, 'LICENSE'));
