'use strict';

const { inspect } = require('node:util');

/** A cookie that a response sets: for a framework as its parts, or the whole as `field()`. Immutable. */
class ResponseCookie {
  #value;
  #field;

  /** `parts` as the addon hands them over. */
  constructor([name, value, path, domain, maxAge, sameSite, secure, field]) {
    this.name = name;
    this.path = path;
    this.domain = domain;
    this.maxAge = maxAge;
    this.sameSite = sameSite;
    this.secure = secure;
    this.httpOnly = true;
    this.#value = value;
    this.#field = field;
    Object.freeze(this);
  }
  get value() {
    return this.#value;
  }
  /** The value of a Set-Cookie field. */
  field() {
    return this.#field;
  }
  /** Without the token: an inspected object ends in logs. */
  [inspect.custom]() {
    return `ResponseCookie <${this.name}>`;
  }
}

module.exports = { ResponseCookie };
