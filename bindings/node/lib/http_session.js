'use strict';
// `req.session`, as handlers see it.

const { Session } = require('./native.js');
const { InvalidArgument } = require('./errors.js');
const { checkText, storedAttributes, toJson } = require('./attributes.js');
const { Identity, refuse } = require('./identity.js');
const { SessionCookie } = require('./session_cookie.js');

let keeperOf;
let identityOf;

/** `req.session`: its own enumerable properties are the session's attributes. */
class HttpSession {
  #keeper;
  #identity;
  static {
    keeperOf = (session) => session.#keeper;
    identityOf = (session) => session.#identity;
  }
  constructor(keeper, identity) {
    this.#keeper = keeper;
    this.#identity = identity;
  }
  /** Public. That of a session that is not stored yet holds from the moment it is. */
  get id() {
    return this.#keeper.id;
  }
  get cookie() {
    return new SessionCookie(this.#keeper);
  }
  /** Sets one key of a bag. Keys may be chosen by clients, names of attributes never. */
  put(bag, key, value) {
    const keys = bagOf(this, bag);
    const text = toJson(bag, value);
    checkKey(key);
    if (!Object.hasOwn(keys, key) && Object.keys(keys).length >= maxKeys) {
      throw new InvalidArgument(`attribute ${JSON.stringify(bag)}: a bag holds at most ${maxKeys} keys`);
    }
    define(keys, key, value);
    this.#keeper.noteBagStep('put', bag, text, key);
    return this;
  }
  /** Takes one key out of a bag; what was there, or undefined. */
  take(bag, key) {
    const keys = bagOf(this, bag);
    checkKey(key);
    if (!Object.hasOwn(keys, key)) return undefined;
    const value = keys[key];
    delete keys[key];
    this.#keeper.noteBagStep('take', bag, '', key);
    return value;
  }
}

const maxKeys = 256;
const maxKeyBytes = 256;

function checkKey(key) {
  const bytes = Buffer.byteLength(checkText("a bag's key", key));
  if (bytes === 0 || bytes > maxKeyBytes) throw new InvalidArgument(`a bag's key has 1 to ${maxKeyBytes} bytes`);
}

function define(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

// The attribute's object, made where there is none yet.
function bagOf(session, bag) {
  checkText("an attribute's name", bag);
  if (isIdentity(session, bag) || isAccessor(session, bag)) throw refuse(bag);
  if (bag in session && !Object.hasOwn(session, bag)) {
    throw new InvalidArgument(`${JSON.stringify(bag)} is a name of req.session's own: no bag can have it`);
  }
  if (session[bag] === undefined) define(session, bag, {});
  const keys = session[bag];
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
    throw new InvalidArgument(`attribute ${JSON.stringify(bag)}: a bag is an object`);
  }
  return keys;
}

// On the prototype of a SessionShape's class.
const isIdentity = (session, name) => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(session), name)?.set !== undefined;
const isAccessor = (session, name) => Object.getOwnPropertyDescriptor(session, name)?.get !== undefined;

// The methods of express-session: with a callback they return the session, without one a promise.
for (const [name, operation] of Object.entries({ save: 'store', reload: 'reload', regenerate: 'regenerate', destroy: 'destroy' })) {
  Object.defineProperty(HttpSession.prototype, name, {
    value(...args) {
      const callback = args.find((argument) => typeof argument === 'function');
      const done = keeperOf(this)[operation](...args.filter(Array.isArray));
      if (!callback) return done;
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
    define(this, '__proto__', value);
  },
});

// For handlers that set what a client names, `session[name][key] = value`: with "__proto__" that is what all sessions share.
for (const name of ['put', 'take']) Object.defineProperty(HttpSession.prototype, name, { writable: false });
Object.preventExtensions(HttpSession.prototype);

/** With what @fastify/session and @fastify/secure-session have besides. */
class FastifySession extends HttpSession {
  get(name) {
    return Object.hasOwn(this, name) ? this[name] : undefined;
  }
  set(name, value) {
    checkText("an attribute's name", name);
    if (name in this && !Object.hasOwn(this, name) && !isIdentity(this, name)) {
      throw new InvalidArgument(`${JSON.stringify(name)} is a name of request.session's own: no attribute can have it`);
    }
    this[name] = value;
  }
}

const none = new Map();

/** The sessions of one adapter: which names are its framework's identity, and what of a snapshot handlers can reach. */
class SessionShape {
  #Class;
  #reserved;
  #accessors = new Map();
  #reachable = new WeakMap(); // Session → its stored attributes that are neither reserved nor identity
  #identities = new WeakMap(); // Session → its stored identities

  constructor(identityNames, Base = HttpSession) {
    if (!Array.isArray(identityNames)) throw new TypeError('identityNames is an array of names');
    this.identityNames = identityNames;
    this.#Class = class extends Base {};
    this.#reserved = new Set([...reserved, ...(Base === FastifySession ? ['get', 'set'] : [])]);
    for (const name of identityNames) {
      checkText('identityNames', name);
      if (this.#reserved.has(name)) throw new TypeError(`identityNames: ${JSON.stringify(name)} is a name of req.session's own`);
      this.#defineIdentity(name);
    }
    Object.preventExtensions(this.#Class.prototype);
  }

  attributesOf(snapshot) {
    if (!snapshot) return none;
    let stored = this.#reachable.get(snapshot);
    if (!stored) {
      stored = storedAttributes(Session.attributeTexts(snapshot));
      for (const name of [...this.#reserved, ...this.identityNames]) stored.delete(name);
      this.#reachable.set(snapshot, stored);
    }
    return stored;
  }

  /** A `req.session` with values of its own; `isNew`: just renewed, as at a login. */
  make(keeper, snapshot, isNew) {
    const identity = new Identity(this.#identitiesOf(snapshot), isNew);
    const session = new this.#Class(keeper, identity);
    assignAttributes(session, this.attributesOf(snapshot));
    for (const name of identity.names) this.#show(session, name);
    return session;
  }

  /** The Identity of a session, with what was deleted from it; throws where a property was defined over one. */
  identityOf(session) {
    const identity = identityOf(session);
    for (const name of this.identityNames) {
      const own = Object.getOwnPropertyDescriptor(session, name);
      if (own && own.get !== this.#accessors.get(name).get) throw refuse(name);
      if (!own && identity.get(name) !== undefined) identity.remove(name);
    }
    return identity;
  }

  // Own and enumerable where there is a value, as any attribute, so that it can be deleted.
  #show(session, name) {
    Object.defineProperty(session, name, this.#accessors.get(name));
  }

  #defineIdentity(name) {
    const shape = this;
    const accessor = {
      get() {
        return identityOf(this).get(name);
      },
      set(value) {
        identityOf(this).set(name, value);
        if (value === undefined || value === null) delete this[name];
        else shape.#show(this, name);
      },
      enumerable: true,
      configurable: true,
    };
    this.#accessors.set(name, accessor);
    Object.defineProperty(this.#Class.prototype, name, { ...accessor, enumerable: false, configurable: false });
  }

  #identitiesOf(snapshot) {
    if (!snapshot) return none;
    let stored = this.#identities.get(snapshot);
    if (!stored) {
      stored = storedAttributes(Session.protectedTexts(snapshot));
      for (const name of stored.keys()) if (!this.identityNames.includes(name)) stored.delete(name);
      this.#identities.set(snapshot, stored);
    }
    return stored;
  }
}

// New values on `session`, the request's to change.
function assignAttributes(session, stored) {
  for (const attribute of stored.values()) {
    const { name } = attribute;
    const value = attribute.value();
    // By definition where assignment would not make a property, as with "__proto__".
    if (name in session) define(session, name, value);
    else session[name] = value;
  }
}

module.exports = { FastifySession, HttpSession, SessionShape };
