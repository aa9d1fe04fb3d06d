'use strict';
// What the store operations take, in native values, as the addon wants it.

const { InvalidArgument } = require('./errors.js');
const { checkText, toJson, toTexts } = require('./attributes.js');
const { Session } = require('./native.js');
const { checkKeys } = require('./options.js');

const idOf = (session) => (session instanceof Session ? session.id : session);
const optionalIdOf = (session) => (session === undefined || session === null ? null : idOf(session));

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

const newSessionKeys = [
  ...['roles', 'scopes', 'attributes', 'protected', 'device', 'level', 'authenticated', 'idleTimeout', 'absoluteTimeout'],
];
const loginKeys = [...newSessionKeys.filter((key) => key !== 'authenticated'), 'keepAttributes'];

function newSession(principal, options, what = 'create()', keys = newSessionKeys) {
  checkKeys(what, options, keys);
  const { roles = [], scopes = [], attributes = {}, level = 0, authenticated = true } = options;
  return {
    principal: checkText('principal', principal),
    roles: names('roles', roles),
    scopes: names('scopes', scopes),
    attributes: toTexts(attributes),
    protected: toTexts(options.protected ?? {}),
    device: device(options.device ?? {}),
    level: integer('level', level),
    authenticated,
    idleTimeout: seconds('idleTimeout', options.idleTimeout),
    absoluteTimeout: seconds('absoluteTimeout', options.absoluteTimeout),
  };
}

// [kind, name, JSON text or number, key, …]
function* steps({ set = {}, add = {}, remove = [], increment = {}, put = {}, take = {} }) {
  for (const [kind, attributes] of [['set', set], ['add', add]]) {
    for (const [name, value] of Object.entries(attributes)) yield* [kind, checkText('name', name), toJson(name, value), ''];
  }
  for (const name of names('names to remove', remove)) yield* ['remove', name, '', ''];
  for (const [name, by] of Object.entries(increment)) {
    if (!Number.isSafeInteger(by)) throw new InvalidArgument(`attribute ${JSON.stringify(name)}: an increment is an integer`);
    yield* ['increment', checkText('name', name), by, ''];
  }
  for (const [bag, values] of Object.entries(put)) {
    for (const [key, value] of Object.entries(values)) {
      yield* ['put', checkText('name', bag), toJson(bag, value), checkText("a bag's key", key)];
    }
  }
  for (const [bag, keys] of Object.entries(take)) {
    for (const key of names('keys to take', keys)) yield* ['take', checkText('name', bag), '', key];
  }
}

// [kind, name, JSON text, …]; undefined removes.
function* protectedSteps(attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    checkText('name', name);
    yield* value === undefined ? ['remove', name, ''] : ['set', name, toJson(name, value)];
  }
}

const patchKeys = [
  ...['set', 'add', 'remove', 'increment', 'put', 'take', 'protected', 'roles', 'scopes', 'device'],
  ...['expectedGeneration', 'idleTimeout', 'absoluteTimeout'],
];

function patch(changes, what = 'patch()') {
  checkKeys(what, changes, patchKeys);
  return {
    ops: [...steps(changes)],
    protectedOps: [...protectedSteps(changes.protected ?? {})],
    roles: changes.roles && names('roles', changes.roles),
    scopes: changes.scopes && names('scopes', changes.scopes),
    device: changes.device && device(changes.device),
    expectedGeneration: integer('expectedGeneration', changes.expectedGeneration),
    idleTimeout: seconds('idleTimeout', changes.idleTimeout),
    absoluteTimeout: seconds('absoluteTimeout', changes.absoluteTimeout),
  };
}

const routeKeys = ['handler', 'methods', 'pattern'];

function route(given) {
  checkKeys('a route', given, routeKeys);
  const { handler, methods, pattern } = given;
  return { handler: checkText('handler', handler), methods: names('methods', methods), pattern: checkText('pattern', pattern) };
}

const requirementKeys = ['allow', 'roles', 'scopes', 'level', 'maxAuthAge'];
const levels = [1, 2, 3];

/** A requirement as the addon takes it, made once where it is defined. Throws TypeError for what would let everybody pass. */
function requirement(wanted) {
  checkKeys('a requirement', wanted, requirementKeys);
  const given = requirementKeys.filter((key) => key in wanted);
  if (given.length === 0) throw new TypeError(`a requirement: it requires nothing; name ${requirementKeys.join(', ')}`);
  const check = (key, isFit, expected) => {
    if (key in wanted && !isFit(wanted[key])) throw new TypeError(`a requirement: ${key} is ${expected}`);
  };
  const isList = (list) => Array.isArray(list) && list.length > 0 && list.every((name) => typeof name === 'string' && name !== '');
  check('allow', (allow) => ['anyone', 'authenticated', 'nobody'].includes(allow), '"anyone", "authenticated" or "nobody"');
  check('roles', isList, 'an array of one or more names');
  check('scopes', isList, 'an array of one or more names');
  check('level', (level) => levels.includes(level), `one of ${levels.join(', ')}`);
  check('maxAuthAge', (age) => Number.isSafeInteger(age) && age > 0, 'a positive number of whole seconds');
  const { allow = 'authenticated', roles = [], scopes = [], level = 0, maxAuthAge } = wanted;
  return Object.freeze({ allow, roles: names('roles', roles), scopes: names('scopes', scopes), level, maxAuthAge });
}

module.exports = { idOf, loginKeys, newSession, optionalIdOf, patch, requirement, route, seconds };
