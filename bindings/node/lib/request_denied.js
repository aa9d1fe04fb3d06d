'use strict';

const { STATUS_CODES } = require('node:http');

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

module.exports = { RequestDenied };
