'use strict';
// The package's install script: a prebuilt addon if one fits this platform, else one built from source.

const { loadAddon } = require('../lib/addon.js');

try {
  loadAddon();
} catch {
  require('./build.cjs');
}
