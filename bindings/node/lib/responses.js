'use strict';
// What a client is told in the place of what its request's handler would have answered.

const { InvalidArgument, responseToError } = require('./errors.js');
const { native, Decision } = require('./native.js');

/** The request was not allowed, or not by a route's requirement. `status` and `headers` are what Express answers with. */
class RequestDenied extends Error {
  constructor(decision) {
    const { status, message, headers } = responseToDenial(decision);
    super(message);
    this.name = 'RequestDenied';
    this.status = this.statusCode = status;
    this.headers = headers;
    this.expose = true;
    // Not enumerable: why a request was denied is for logs, not for clients.
    Object.defineProperty(this, 'decision', { value: decision });
  }
}

function responseToDenial(decision) {
  if (decision.allowed) throw new InvalidArgument('respondTo() answers a Decision that denies');
  return { ...native.respondTo(decision), headers: Object.fromEntries(decision.headers) };
}

/**
 * { status, code, message, headers, body } for a Decision that denies, a RequestDenied or an error of ficha; undefined for
 * every other error. `body` is JSON.
 */
function respondTo(denied) {
  if (denied instanceof RequestDenied) return responseToDenial(denied.decision);
  return denied instanceof Decision ? responseToDenial(denied) : responseToError(denied);
}

module.exports = { RequestDenied, respondTo };
