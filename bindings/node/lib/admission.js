'use strict';
// Whether a request may pass, and the session it comes with, for the framework adapters.

const { STATUS_CODES } = require('node:http');
const { Decision } = require('./native.js');
const { Client } = require('./client.js');
const { fieldsOf, rawHeadersOf, requestOf } = require('./http.js');
const { SessionKeeper } = require('./session_keeper.js');

/** The request was not allowed, or not by a route's requirement. `status` and `headers` are what Express answers with. */
class RequestDenied extends Error {
  constructor(decision) {
    super(STATUS_CODES[decision.status]);
    this.name = 'RequestDenied';
    this.status = this.statusCode = decision.status;
    this.headers = Object.fromEntries(decision.headers);
    this.expose = true;
    // Not enumerable: why a request was denied is for logs, not for clients.
    Object.defineProperty(this, 'decision', { value: decision });
  }
}

function ambiguousCookie() {
  return new RequestDenied(new Decision('bad_request', 'ambiguous_cookie', 400, -1, 'none', null, []));
}

/**
 * Decides on a request: a SessionKeeper, or a promise of one where the store must be asked. Throws or rejects with
 * RequestDenied and FichaError. With no rule in the configuration every request passes, and the session is found by its
 * cookie.
 */
function admit(client, origin) {
  return client.config.ruleCount > 0 ? admitByPolicy(client, origin) : admitByCookie(client, origin);
}

function admitByPolicy(client, origin) {
  const keep = (decision) => {
    if (!decision.allowed) throw new RequestDenied(decision);
    return new SessionKeeper(client, origin, decision.session, decision.carrier, decision);
  };
  const decision = Client.decide(client, requestOf(origin.raw ?? origin));
  return decision instanceof Promise ? decision.then(keep) : keep(decision);
}

function admitByCookie(client, origin) {
  const fields = fieldsOf(rawHeadersOf(origin), 'cookie');
  const found = fields.length > 0 ? Client.loadCookie(client, fields) : undefined;
  if (found === false) throw ambiguousCookie();
  if (found === undefined) return new SessionKeeper(client, origin, null, 'none', null);
  const keep = (session) => new SessionKeeper(client, origin, session, 'cookie', null);
  return found instanceof Promise ? found.then(keep) : keep(found);
}

/** Judges the session of a request by a requirement on its route; throws RequestDenied. */
function requireOf(keeper, requirement) {
  const judged = keeper.client.require(requirement, keeper.decision);
  if (!judged.allowed) throw new RequestDenied(judged);
}

module.exports = { RequestDenied, admit, requireOf };
