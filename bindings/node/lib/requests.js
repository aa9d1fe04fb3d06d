'use strict';
// What the store operations take, in native values, as the addon wants it.

const { InvalidArgument } = require('./errors.js');
const { checkText, toJson, toTexts } = require('./attributes.js');
const { Session } = require('./native.js');

const idOf = (session) => (session instanceof Session ? session.id : session);

function names(what, list) {
  if (!Array.isArray(list)) throw new InvalidArgument(`${what} are an array of strings`);
  return list.map((name) => checkText(what, name));
}

function device({ address = '', userAgent = '' }) {
  return { address: checkText('device address', address), userAgent: checkText('user agent', userAgent) };
}

function integer(what, value, unit = 'an integer') {
  if (value !== undefined && !Number.isSafeInteger(value)) throw new InvalidArgument(`${what}: ${unit}`);
  return value;
}

const seconds = (what, value) => integer(what, value, 'whole seconds');

function newSession(principal, options) {
  const { roles = [], scopes = [], attributes = {}, level = 0, authenticated = true } = options;
  return {
    principal: checkText('principal', principal),
    roles: names('roles', roles),
    scopes: names('scopes', scopes),
    attributes: toTexts(attributes),
    device: device(options.device ?? {}),
    level: integer('level', level),
    authenticated,
    idleTimeout: seconds('idleTimeout', options.idleTimeout),
    absoluteTimeout: seconds('absoluteTimeout', options.absoluteTimeout),
  };
}

function* steps({ set = {}, add = {}, remove = [], increment = {} }) {
  for (const [kind, attributes] of [['set', set], ['add', add]]) {
    for (const [name, value] of Object.entries(attributes)) yield* [kind, checkText('name', name), toJson(name, value)];
  }
  for (const name of names('names to remove', remove)) yield* ['remove', name, ''];
  for (const [name, by] of Object.entries(increment)) {
    if (!Number.isSafeInteger(by)) throw new InvalidArgument(`attribute ${JSON.stringify(name)}: an increment is an integer`);
    yield* ['increment', checkText('name', name), by];
  }
}

function patch(changes) {
  return {
    ops: changes.ops ?? [...steps(changes)],
    roles: changes.roles && names('roles', changes.roles),
    scopes: changes.scopes && names('scopes', changes.scopes),
    device: changes.device && device(changes.device),
    expectedGeneration: integer('expectedGeneration', changes.expectedGeneration),
    idleTimeout: seconds('idleTimeout', changes.idleTimeout),
    absoluteTimeout: seconds('absoluteTimeout', changes.absoluteTimeout),
  };
}

function requirement({ allow = 'authenticated', roles = [], scopes = [], level = 0, maxAuthAge }) {
  return {
    allow,
    roles: names('roles', roles),
    scopes: names('scopes', scopes),
    level: integer('level', level),
    maxAuthAge: seconds('maxAuthAge', maxAuthAge),
  };
}

module.exports = { idOf, newSession, patch, requirement, seconds };
