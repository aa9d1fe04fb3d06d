'use strict';
// What of a request was judged, kept for the later steps: the request itself has its credential hidden by then.

const { Client } = require('./client.js');
const { tokenOf } = require('./credential.js');

/** The path of a target of absolute form, by which frameworks route; any other target as it is. */
const withoutAuthority = (target) => (target[0] === '/' ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, ''));

/** `target` less one of the prefixes, by whole segments, whatever its case: routers know none. */
function withoutPrefix(target, prefixes) {
  for (const prefix of prefixes) {
    if (target.length < prefix.length || target.slice(0, prefix.length).toLowerCase() !== prefix.toLowerCase()) continue;
    const rest = target.slice(prefix.length);
    if (rest === '' || rest[0] === '?') return `/${rest}`;
    if (rest[0] === '/') return rest;
  }
  return target;
}

const firstHeader = 6; // in what Client.fieldsOf() makes

/** Throws a TypeError for a `prefix` of sessions() that the client was not told. */
function checkPrefix(client, prefix) {
  if (prefix === undefined || prefix === '' || client.config.prefixes.includes(prefix)) return;
  const shown = JSON.stringify(prefix);
  throw new TypeError(`sessions(): prefix ${shown} is not the client's: new Client(…, { prefixes: [${shown}] })`);
}

class JudgedRequest {
  #fields;

  /** `request` as Client.authorize() takes it. */
  constructor(client, request) {
    this.client = client;
    this.#fields = Client.fieldsOf(client, request);
  }
  /** A Decision, or a promise of one. */
  decide() {
    return Client.decideFields(this.client, this.#fields);
  }
  /** Whether this reading is among those that decide() judges. */
  includes(method, target) {
    return Client.isJudgedFields(this.client, this.#fields, method, target);
  }
  /** Judges a further reading as well; a Decision, or a promise of one. Where it allows, the reading is one of the request's. */
  decideWith(method, target) {
    const fields = this.#fields.slice();
    fields[5] = [...(fields[5] ?? []), method, target, false];
    const keep = (decision) => {
      if (decision.allowed) this.#fields = fields;
      return decision;
    };
    const decision = Client.decideFields(this.client, fields);
    return decision instanceof Promise ? decision.then(keep) : keep(decision);
  }
  token(carrier) {
    return tokenOf(this.client.config.cookieName, carrier, this.#fields.slice(firstHeader));
  }
  /** Whether a Cookie or an Authorization field came along. */
  get hasCredential() {
    const fields = this.#fields;
    for (let i = firstHeader; i < fields.length; i += 2) {
      const { length } = fields[i];
      if ((length === 6 || length === 13) && /^(cookie|authorization)$/i.test(fields[i])) return true;
    }
    return false;
  }
}

module.exports = { JudgedRequest, checkPrefix, withoutAuthority, withoutPrefix };
