'use strict';

const { InvalidArgument } = require('./errors.js');
const { Config } = require('./config.js');
const { native, Decision } = require('./native.js');
const { checkText } = require('./attributes.js');
const { checkKeys } = require('./options.js');
const { ResponseCookie } = require('./response_cookie.js');
const { idOf, loginKeys, newSession, optionalIdOf, patch, requirement, route, seconds } = require('./requests.js');

const anyone = requirement({ allow: 'anyone' });

// How many spellings of header names are remembered: clients choose them.
const maxSpellings = 1000;

/** A clock for tests: stands still until it is told to move. */
class ManualClock {
  #handle;
  constructor(unixMilliseconds) {
    this.#handle = native.createClock(unixMilliseconds);
  }
  advance(milliseconds) {
    native.advanceClock(this.#handle, milliseconds);
  }
  static handleOf(clock) {
    return clock.#handle;
  }
}

class Client {
  #native;
  #judged;
  #spellings = new Map();

  constructor(config, options = {}) {
    checkKeys('new Client()', options, ['log', 'clock', 'prefixes']);
    const { log, clock, prefixes } = options;
    const base = Config.from(config);
    this.config = prefixes === undefined ? base : base.withPrefixes(prefixes);
    this.#native = native.openClient(Config.handleOf(this.config), log, clock && ManualClock.handleOf(clock));
    this.#judged = new Set(this.#native.judgedFields());
  }

  async create(principal = '', options = {}) {
    return this.#native.create(newSession(principal, options));
  }
  /** For the framework adapters: a session of nobody's, with attributes of both kinds as [name, JSON text, …]. */
  static async createWith(client, options, attributes, protectedTexts, token) {
    return client.#native.create({ ...newSession('', options), attributes, protected: protectedTexts }, token);
  }
  /** For the framework adapters: [token, id] for a session of nobody's that createWith() makes later. */
  static tokenAhead(client) {
    return client.#native.tokenAhead();
  }
  load(token, { touch = true, fresh = false } = {}) {
    try {
      return Promise.resolve(this.#native.load(token, touch, fresh));
    } catch (error) {
      return Promise.reject(error);
    }
  }
  tryLoad(token, options) {
    if (options === undefined) return this.#native.tryLoad(token);
    return this.#native.tryLoad(token, options.touch ?? true, options.fresh ?? false);
  }
  async find(id) {
    return this.#native.find(checkText('session id', id));
  }
  async patch(session, changes) {
    return this.#native.patch(idOf(session), patch(changes));
  }
  /** For the framework adapters: a patch of steps that they made themselves. */
  static async patchBy(client, session, steps) {
    return client.#native.patch(session.id, steps);
  }
  async rotate(session, options = {}) {
    checkKeys('rotate()', options, ['grace']);
    const { grace = 0 } = options;
    return this.#native.rotate(idOf(session), seconds('grace', grace));
  }
  async login(current, principal, options = {}) {
    const wanted = newSession(principal, options, 'login()', loginKeys);
    return this.#native.login(wanted, optionalIdOf(current), options.keepAttributes ?? true);
  }
  /** For the framework adapters, likewise; what `options` say goes before `protectedTexts`. */
  static async loginWith(client, current, principal, options, protectedTexts) {
    const wanted = newSession(principal, options, 'login()', loginKeys);
    wanted.protected = [...protectedTexts, ...wanted.protected];
    return client.#native.login(wanted, optionalIdOf(current), options.keepAttributes ?? true);
  }
  async revoke(session) {
    return this.#native.revoke(idOf(session));
  }
  async revokePrincipal(principal, options = {}) {
    checkKeys('revokePrincipal()', options, ['keep']);
    const { keep } = options;
    return this.#native.revokePrincipal(checkText('principal', principal), optionalIdOf(keep));
  }
  async patchPrincipal(principal, changes) {
    return this.#native.patchPrincipal(checkText('principal', principal), patch(changes, 'patchPrincipal()'));
  }
  async list(principal) {
    return this.#native.list(checkText('principal', principal));
  }

  async authorize(request) {
    return Client.decideFields(this, this.#fields(request));
  }
  /** For the framework adapters: what of a request is judged. */
  static fieldsOf(client, request) {
    return client.#fields(request);
  }
  /** For the framework adapters: authorize() of that, without a promise where none is needed. */
  static decideFields(client, fields) {
    return client.#native.authorize.apply(undefined, fields);
  }
  static isJudgedFields(client, fields, method, target, decoded = false) {
    return client.#native.isJudged(method, target, decoded, ...fields);
  }
  isJudged(request, { method = '', target = '', decoded = false }) {
    return Client.isJudgedFields(this, this.#fields(request), method, target, decoded);
  }
  get judgedFields() {
    return [...this.#judged];
  }
  checkRoutes(routes) {
    return this.#native.checkRoutes(routes.map(route));
  }
  tryAuthorize(request) {
    return this.#native.tryAuthorize.apply(undefined, this.#fields(request));
  }
  require(wanted, decision) {
    if (!(decision instanceof Decision)) throw new InvalidArgument('require() judges a Decision of ficha');
    return Client.requireOf(this, requirement(wanted), decision);
  }
  /** For the framework adapters: the same with what requirement() made where it was defined. */
  static requireOf(client, made, decision) {
    return decision.allowed ? client.#native.require(made, decision, decision.session) : decision;
  }
  /** For the framework adapters: a decision that allows, on the session (or null) that took the place of the request's. */
  static decideOn(client, decision, session) {
    return client.#native.require(anyone, decision, session);
  }

  explain(decision) {
    if (!(decision instanceof Decision)) throw new InvalidArgument('explain() tells of a Decision of ficha');
    return this.#native.explain(decision);
  }

  setCookie(session, token, options = {}) {
    checkKeys('setCookie()', options, ['maxAge']);
    const { maxAge } = options;
    return Client.cookieOf(this, session, token, maxAge === null ? null : seconds('maxAge', maxAge));
  }
  /** For the framework adapters, likewise. */
  static cookieOf(client, session, token, maxAge) {
    return new ResponseCookie(client.#native.setCookie(session, token, maxAge));
  }
  clearCookie() {
    return new ResponseCookie(this.#native.clearCookie());
  }
  csrfToken(token) {
    return this.#native.csrfToken(token);
  }
  sessionId(token) {
    return this.#native.sessionId(token);
  }
  isIdentityHeader(name) {
    return this.#native.isIdentityHeader(name);
  }
  stats() {
    return this.#native.stats();
  }
  prometheusText(prefix = 'ficha') {
    return this.#native.prometheusText(prefix);
  }
  close() {
    this.#native.close();
  }

  // [method, path, scheme, peer, prefix, readings, name, value, …], with the fields alone that are looked at; readings are
  // undefined or [method, target, decoded, …].
  #fields({ method, path, headers, scheme = 'https', peer = '', prefix = '', readings }) {
    const fields = [method, path, scheme, peer, prefix, readings && flatReadings(readings)];
    for (let i = 0; i < headers.length; i += 2) {
      if (this.#isJudged(headers[i])) fields.push(headers[i], headers[i + 1]);
    }
    return fields;
  }
  #isJudged(name) {
    let judged = this.#spellings.get(name);
    if (judged === undefined) {
      judged = this.#judged.has(name.toLowerCase());
      if (this.#spellings.size < maxSpellings) this.#spellings.set(name, judged);
    }
    return judged;
  }
}

function flatReadings(readings) {
  return readings.flatMap(({ method = '', target = '', decoded = false }) => [method, target, decoded]);
}

module.exports = { Client, ManualClock };
