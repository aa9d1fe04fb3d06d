'use strict';
// The addon, with what it needs of JavaScript: once in every environment.

const { loadAddon } = require('./addon.js');
const native = loadAddon();
const { makeError } = require('./errors.js');
const { deepFreeze, fromJson } = require('./attributes.js');
const { inspect } = require('node:util');

/** A session as it was when it was read. Immutable, and shared by all requests that read the same generation. */
class Session {
  #fields;
  #attributes;
  #protected;

  constructor() {
    Object.freeze(this);
  }
  get #all() {
    return (this.#fields ??= native.sessionFields(this));
  }
  get id() {
    return this.#all[0];
  }
  get token() {
    return native.sessionToken(this);
  }
  get generation() {
    return this.#all[1];
  }
  get createdAt() {
    return this.#all[2];
  }
  get expiresAt() {
    return this.#all[3];
  }
  get idleDeadline() {
    return this.#all[4];
  }
  get idleSeconds() {
    return this.#all[5];
  }
  get authenticatedAt() {
    return this.#all[6];
  }
  get level() {
    return this.#all[7];
  }
  get principal() {
    return this.#all[8];
  }
  get anonymous() {
    return this.#all[8] === '';
  }
  get device() {
    return Object.freeze({ address: this.#all[9], userAgent: this.#all[10] });
  }
  get roles() {
    return Object.freeze(this.#all[11]);
  }
  get scopes() {
    return Object.freeze(this.#all[12]);
  }
  get attributes() {
    return (this.#attributes ??= valuesOf(this.#all[13]));
  }
  /** Identity and authority that only adapters write; no ordinary attribute, and empty in lists. */
  get protected() {
    return (this.#protected ??= valuesOf(this.#all[14]));
  }
  hasRole(role) {
    return this.#all[11].includes(role);
  }
  hasScope(scope) {
    return this.#all[12].includes(scope);
  }
  /** [name, JSON text, …]; for the framework adapters, which compare attributes as JSON. */
  static attributeTexts(session) {
    return session.#all[13];
  }
  static protectedTexts(session) {
    return session.#all[14];
  }
  /** Only the id: an inspected object ends in logs. */
  [inspect.custom]() {
    return `Session <${this.id}>`;
  }
}

function valuesOf(texts) {
  const values = Object.create(null);
  for (let i = 0; i < texts.length; i += 2) values[texts[i]] = fromJson(texts[i], texts[i + 1]);
  return deepFreeze(values);
}

const core = Symbol('ficha core');

/** Whether a request may pass: a value, not an error. The core alone makes one. */
class Decision {
  constructor(maker, verdict, reason, status, rule, carrier, session, headers, skipped) {
    if (maker !== core) throw new TypeError('a Decision is what authorize() and require() return');
    this.verdict = verdict;
    this.reason = reason;
    this.status = status;
    this.rule = rule;
    this.carrier = carrier;
    this.session = session;
    this.skipped = Object.freeze(skipped);
    const pairs = [];
    for (let i = 0; i < headers.length; i += 2) pairs.push(Object.freeze([headers[i], headers[i + 1]]));
    this.headers = Object.freeze(pairs);
    Object.freeze(this);
  }
  get allowed() {
    return this.verdict === 'allow';
  }
}

native.setCallbacks(makeError, (...fields) => new Decision(core, ...fields), Session);

module.exports = { native, Session, Decision };
