'use strict';
// Finds the addon: one built here, or the prebuilt one for this platform.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

function candidates() {
  const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
  return [
    path.join(root, 'build/Release/ficha.node'),
    path.join(root, `prebuilds/${process.platform}-${process.arch}/ficha.${libc}.node`),
  ];
}

function otherRuntime() {
  if (process.versions.bun) return 'Bun';
  return globalThis.Deno ? 'Deno' : undefined;
}

function load() {
  const runtime = otherRuntime();
  if (runtime) throw new Error(`ficha is an addon for Node.js 20 or later, and does not run on ${runtime}`);
  const found = candidates().find((file) => fs.existsSync(file));
  if (!found) {
    throw new Error(
      `ficha has no addon for ${process.platform}-${process.arch} in ${root}: its install script has not run. ` +
        `Build it with "npm run build --prefix ${root}" (CMake, a C++20 compiler, OpenSSL and hiredis are needed), or ` +
        'from npm 12 on let it run: "npm install-scripts approve ficha", then "npm rebuild ficha".',
    );
  }
  try {
    return require(found);
  } catch (error) {
    throw new Error(`ficha: ${found} does not load here; build it anew with "npm run build --prefix ${root}"`, { cause: error });
  }
}

let loaded;
/** Throws an Error that names the cure. */
const loadAddon = () => (loaded ??= load());

module.exports = { loadAddon };
