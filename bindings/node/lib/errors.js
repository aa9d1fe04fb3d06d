'use strict';

/** Base of every error: `code`, `codeName` and `status` are stable and the same in every language. */
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

// [class, base, code, codeName, HTTP status]; 500 for what never reaches a request when all is well.
const table = [
  ['InvalidArgument', FichaError, 1, 'invalid_argument', 400],
  ['InvalidConfig', FichaError, 2, 'invalid_config', 500],
  ['TooLarge', FichaError, 3, 'too_large', 413],
  ['Unavailable', StoreError, 10, 'unavailable', 503],
  ['OperationTimeout', StoreError, 11, 'timeout', 503],
  ['AccessDenied', StoreError, 12, 'access_denied', 503],
  ['WriteRefused', StoreError, 13, 'write_refused', 503],
  ['CorruptRecord', StoreError, 14, 'corrupt_record', 503],
  ['UnknownOutcome', StoreError, 15, 'unknown_outcome', 503],
  ['Overloaded', StoreError, 16, 'overloaded', 503],
  ['Incomplete', StoreError, 17, 'incomplete', 503],
  ['SessionGone', FichaError, 20, 'session_gone', 401],
  ['Conflict', FichaError, 21, 'conflict', 409],
  ['AttributeExists', FichaError, 22, 'attribute_exists', 409],
  ['SessionLimit', FichaError, 23, 'session_limit', 429],
  ['ClientClosed', FichaError, 30, 'closed', 500],
];

const classes = {};
const byCode = new Map();
for (const [name, Base, code, codeName, status] of table) {
  const Class = { [name]: class extends Base {} }[name];
  Object.defineProperties(Class.prototype, {
    code: { value: code },
    codeName: { value: codeName },
    status: { value: status },
  });
  classes[name] = Class;
  byCode.set(code, Class);
}

/** The error for a code of the core. Called by the addon. */
function makeError(code, message) {
  return new (byCode.get(code) ?? FichaError)(message);
}

module.exports = { FichaError, StoreError, ...classes, makeError };
