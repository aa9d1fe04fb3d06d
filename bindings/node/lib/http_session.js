'use strict';
// `req.session` and `req.session.cookie`, as handlers see them.

const { Session } = require('./native.js');
const { storedAttributes } = require('./attributes.js');

let keeperOf;

/** `req.session`: its own enumerable properties are the session's attributes. */
class HttpSession {
  #keeper;
  static {
    keeperOf = (session) => session.#keeper;
  }
  constructor(keeper) {
    this.#keeper = keeper;
  }
  /** Public; undefined until the session is stored for the first time. */
  get id() {
    return this.#keeper.snapshot?.id;
  }
  get cookie() {
    return new SessionCookie(this.#keeper);
  }
}

// The methods of express-session: with a callback they return the session, without one a promise.
for (const name of ['save', 'reload', 'regenerate', 'destroy']) {
  Object.defineProperty(HttpSession.prototype, name, {
    value(callback) {
      const done = keeperOf(this)[name]();
      if (typeof callback !== 'function') return done;
      // Outside the promise: what the callback throws is the process's to handle.
      const call = (error) => process.nextTick(callback, error);
      done.then(() => call(), call);
      return this;
    },
  });
}
// Reading a session has extended its idle timeout already.
Object.defineProperty(HttpSession.prototype, 'touch', {
  value() {
    return this;
  },
});

// Attributes of these names stay as they are in the store, and cannot be reached through `req.session`.
const reserved = new Set(Object.getOwnPropertyNames(HttpSession.prototype));
reserved.delete('constructor');
// A name like any other here, whatever a client made of it: assigning to it does not change the prototype.
Object.defineProperty(HttpSession.prototype, '__proto__', {
  get: () => HttpSession.prototype,
  set(value) {
    Object.defineProperty(this, '__proto__', { value, writable: true, enumerable: true, configurable: true });
  },
});

const reachable = new WeakMap(); // Session → its stored attributes that are not reserved
const none = new Map();

function reachableAttributes(snapshot) {
  if (!snapshot) return none;
  let stored = reachable.get(snapshot);
  if (!stored) {
    stored = storedAttributes(Session.attributeTexts(snapshot));
    for (const name of reserved) stored.delete(name);
    reachable.set(snapshot, stored);
  }
  return stored;
}

// New values on `session`, the request's to change.
function assignAttributes(session, stored) {
  for (const attribute of stored.values()) {
    const { name } = attribute;
    const value = attribute.value();
    // By definition where assignment would not make a property, as with "__proto__".
    if (name in session) Object.defineProperty(session, name, { value, writable: true, enumerable: true, configurable: true });
    else session[name] = value;
  }
}

/** `req.session.cookie`: what the configuration says, and the life of a session that is not stored yet. */
class SessionCookie {
  #keeper;
  constructor(keeper) {
    this.#keeper = keeper;
    const { cookieDomain, cookieSecure, cookieSameSite } = keeper.client.config;
    Object.assign(this, { path: '/', httpOnly: true, secure: cookieSecure, sameSite: cookieSameSite });
    if (cookieDomain) this.domain = cookieDomain;
  }
  /** Milliseconds the cookie will last; null when it ends with the browser. */
  get maxAge() {
    const { snapshot, client, lifetime } = this.#keeper;
    if (!client.config.cookiePersistent) return lifetime === undefined ? null : lifetime * 1000;
    return snapshot ? snapshot.expiresAt * 1000 - Date.now() : (lifetime ?? client.config.absoluteTimeout) * 1000;
  }
  /** Null: that of the configuration. */
  set maxAge(milliseconds) {
    this.#keeper.limitLifetime(milliseconds === null ? undefined : Math.ceil(milliseconds / 1000));
  }
  get originalMaxAge() {
    return this.maxAge;
  }
  get expires() {
    return this.maxAge === null ? null : new Date(Date.now() + this.maxAge);
  }
  /** Null or false: that of the configuration. */
  set expires(date) {
    this.maxAge = date ? date.getTime() - Date.now() : null;
  }
}

module.exports = { HttpSession, assignAttributes, reachableAttributes };
