'use strict';

const { errors } = require('./errors.js');
const { Session, Decision } = require('./native.js');
const { Config } = require('./config.js');
const { Client, ManualClock } = require('./client.js');
const { requestOf } = require('./http.js');
const { ResponseCookie } = require('./response_cookie.js');
const { respondTo } = require('./responses.js');

module.exports = { Client, Config, Decision, ManualClock, ResponseCookie, Session, requestOf, respondTo, ...errors };
