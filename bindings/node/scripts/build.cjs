'use strict';
// Builds the addon with CMake into build/Release: with the core of the repository around this package, or with the copy
// of it that a packed package carries.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');

function fail(message) {
  console.error(`ficha: ${message}`);
  process.exit(1);
}

function firstWith(file, directories) {
  return directories.find((directory) => directory && fs.existsSync(path.join(directory, file)));
}

// Node-API headers: of the node that runs this, or of the directory that node-gyp is told.
const headers = firstWith('node_api.h', [
  path.resolve(process.execPath, '../../include/node'),
  process.env.npm_config_nodedir && path.join(process.env.npm_config_nodedir, 'include/node'),
  '/usr/include/node',
]);
if (!headers) fail('node_api.h not found: install the headers of this node, or give their prefix as npm_config_nodedir');

const source = firstWith('core/CMakeLists.txt', [path.join(root, '../..'), path.join(root, 'deps/ficha')]);
if (!source) fail('the sources of the core are not here: npm 9.0 to 9.3 copies a folder, unless told --install-links=false');

function run(program, args, help) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (error) fail(`${program}: ${error.message}`);
  if (status !== 0) fail(`${program} failed; ${help}`);
}

// npm links a package of another folder, and installs what it depends on beside the link, where it cannot be found from here.
function addonApi() {
  try {
    return require('node-addon-api').include_dir;
  } catch {
    const args = ['install', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--no-package-lock'];
    run('npm', args, 'node-addon-api is what the build needs of it');
    return require('node-addon-api').include_dir;
  }
}

const help = 'packaging/setup installs what the build needs';

const build = path.join(root, 'build/cmake');
const ninja = spawnSync('ninja', ['--version']).status === 0;
run('cmake', [
  ...['-S', root, '-B', build, '-DCMAKE_BUILD_TYPE=Release'],
  ...(ninja ? ['-G', 'Ninja'] : []),
  `-DFICHA_SOURCE_DIR=${path.resolve(source)}`,
  `-DNODE_API_INCLUDE=${headers}`,
  `-DNODE_ADDON_API_INCLUDE=${addonApi()}`,
], help);
run('cmake', ['--build', build, '--target', 'ficha_node', '-j', String(os.availableParallelism())], help);

const release = path.join(root, 'build/Release');
fs.mkdirSync(release, { recursive: true });
// A new file in place of the old: a process may be running with that one.
fs.copyFileSync(path.join(build, 'ficha.node'), path.join(release, 'ficha.node.new'));
fs.renameSync(path.join(release, 'ficha.node.new'), path.join(release, 'ficha.node'));
