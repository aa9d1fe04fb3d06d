'use strict';
// The package's install script: a prebuilt addon if one fits this platform, else one built from source.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { loadAddon } = require('../lib/addon.js');

const root = path.join(__dirname, '..');

// npm links a package of another folder, and installs what it depends on beside the link, where it cannot be found from here.
function installWhatTheBuildNeeds() {
  try {
    require.resolve('node-addon-api', { paths: [root] });
  } catch {
    const args = ['install', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--no-package-lock'];
    const { status } = spawnSync('npm', args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) throw new Error(`ficha: "npm ${args.join(' ')}" failed in ${root}`);
  }
}

try {
  loadAddon();
} catch {
  installWhatTheBuildNeeds();
  require('./build.cjs');
}
