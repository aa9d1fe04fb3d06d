'use strict';
// The package's install script: a prebuilt addon if one fits this platform, else one built from source.

const path = require('node:path');

try {
  require('node-gyp-build')(path.join(__dirname, '..'));
} catch {
  require('./build.cjs');
}
