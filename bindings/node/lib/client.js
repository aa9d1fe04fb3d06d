'use strict';

const { InvalidArgument } = require('./errors.js');
const { Config } = require('./config.js');
const { native, Decision } = require('./native.js');
const { checkText } = require('./attributes.js');
const { idOf, newSession, patch, requirement, seconds } = require('./requests.js');

// The header fields that a decision looks at; the CSRF header comes with the configuration.
const judgedFields = [
  'cookie',
  'authorization',
  'host',
  'origin',
  'referer',
  'sec-fetch-site',
  'upgrade',
  'x-forwarded-proto',
  'x-forwarded-host',
];
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

  constructor(config, { log, clock } = {}) {
    this.config = Config.from(config);
    this.#native = native.openClient(Config.handleOf(this.config), log, clock && ManualClock.handleOf(clock));
    this.#judged = new Set([...judgedFields, this.config.csrfHeader.toLowerCase()]);
  }

  async create(principal = '', options = {}) {
    return this.#native.create(newSession(principal, options));
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
  /**
   * For the framework adapters: the session of the cookie in raw Cookie fields, or a promise of it; undefined when there is no
   * such cookie, false when there are several.
   */
  static loadCookie(client, fields) {
    const { loadCookie } = client.#native;
    return fields.length === 1 ? loadCookie(fields[0]) : loadCookie(...fields);
  }
  async find(id) {
    return this.#native.find(checkText('session id', id));
  }
  async patch(session, changes) {
    return this.#native.patch(idOf(session), patch(changes));
  }
  async rotate(session, { grace = 0 } = {}) {
    return this.#native.rotate(idOf(session), seconds('grace', grace));
  }
  async login(current, principal, options = {}) {
    return this.#native.login(newSession(principal, options), current ?? null, options.keepAttributes ?? true);
  }
  async revoke(session) {
    return this.#native.revoke(idOf(session));
  }
  async revokePrincipal(principal, { keep } = {}) {
    return this.#native.revokePrincipal(checkText('principal', principal), keep === undefined ? null : idOf(keep));
  }
  async patchPrincipal(principal, changes) {
    return this.#native.patchPrincipal(checkText('principal', principal), patch(changes));
  }
  async list(principal) {
    return this.#native.list(checkText('principal', principal));
  }

  async authorize(request) {
    return Client.decide(this, request);
  }
  /** For the framework adapters: authorize() without a promise where none is needed. */
  static decide(client, request) {
    return client.#native.authorize.apply(undefined, client.#fields(request));
  }
  tryAuthorize(request) {
    return this.#native.tryAuthorize.apply(undefined, this.#fields(request));
  }
  require(wanted, decision) {
    if (!(decision instanceof Decision)) throw new InvalidArgument('require() judges a Decision of ficha');
    const judged = requirement(wanted);
    return decision.allowed ? this.#native.require(judged, decision) : decision;
  }

  explain(decision) {
    if (!(decision instanceof Decision)) throw new InvalidArgument('explain() tells of a Decision of ficha');
    return this.#native.explain(decision);
  }

  setCookie(session, token) {
    return this.#native.setCookie(session, token);
  }
  clearCookie() {
    return this.#native.clearCookie();
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

  // [method, path, scheme, peer, name, value, …], with the fields alone that are looked at.
  #fields({ method, path, headers, scheme = 'https', peer = '' }) {
    const fields = [method, path, scheme, peer];
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

module.exports = { Client, ManualClock };
