'use strict';

const { loadAddon } = require('./addon.js');

/**
 * Base of every error: `code`, `codeName` and `status` are stable and the same in every language. `status` and `headers` are
 * what Express and Fastify answer with.
 */
class FichaError extends Error {
  get name() {
    return this.constructor.name;
  }
  get statusCode() {
    return this.status;
  }
  /** As http-errors has it: whether the message is for clients. None holds a token, a password or an attribute's value. */
  get expose() {
    return this.status < 500;
  }
}

/** The store could not answer. Says nothing about the session: an outage is never a logout. */
class StoreError extends FichaError {}

// In JavaScript's own words; every other class is named as the core names the error.
const ownNames = { timeout: 'OperationTimeout', closed: 'ClientClosed' };
const classNameOf = (name) => ownNames[name] ?? name.replaceAll(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
const unavailable = 503;

const addon = loadAddon();
const classes = {};
const byCode = new Map();
const responses = new Map();
for (const { number, name, headers, ...told } of addon.errorResponses()) {
  const Base = told.status === unavailable ? StoreError : FichaError;
  const className = classNameOf(name);
  const Class = { [className]: class extends Base {} }[className];
  Object.defineProperties(Class.prototype, {
    code: { value: number },
    codeName: { value: name },
    status: { value: told.status },
    headers: { value: Object.freeze(headers) },
  });
  classes[className] = Class;
  byCode.set(number, Class);
  responses.set(number, { ...told, headers });
}

/**
 * The error for a code of the core. Called by the addon. What the store said names servers: that is the cause, for logs, for
 * frameworks show the message of an error with a status to clients.
 */
function makeError(code, message) {
  const Class = byCode.get(code) ?? FichaError;
  if (responses.get(code)?.status !== unavailable) return new Class(message);
  return new Class(responses.get(code).message, { cause: new Error(message) });
}

/** What a client is told of an error; undefined for one that is not the core's. */
function responseToError(error) {
  const told = error instanceof FichaError && responses.get(error.code);
  return told ? { ...addon.respondToError(error.code, String(error.message)), headers: told.headers } : undefined;
}

module.exports = { errors: { FichaError, StoreError, ...classes }, ...classes, FichaError, StoreError, makeError, responseToError };
