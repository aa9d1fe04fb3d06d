'use strict';

const { makeError: _makeError, ...errors } = require('./errors.js');
const { Session, Decision } = require('./native.js');
const { Config } = require('./config.js');
const { Client, ManualClock } = require('./client.js');
const { requestOf } = require('./http.js');

module.exports = { Client, Config, Decision, ManualClock, Session, requestOf, ...errors };
