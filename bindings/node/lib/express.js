'use strict';
// Sessions for Express 4 and 5: one app.use() in the place of express-session's.

const { AsyncLocalStorage } = require('node:async_hooks');
const { HeldResponse } = require('./held_response.js');
const { RequestInfo, addHeaders } = require('./request_info.js');
const { RequestDenied, admit, requireOf } = require('./admission.js');

// Made by the first sessions() that wants it: following asynchronous code costs every request of Node 20 a tenth of its time.
let storage;

const exchangeOf = Symbol('ficha exchange');

/** One request and its response. */
class Exchange extends HeldResponse {
  #res;
  #next;
  #options;
  #setToNull = false;

  constructor(keeper, res, next, options) {
    super();
    this.keeper = keeper;
    this.#res = res;
    this.#next = next;
    this.#options = options;
  }
  get session() {
    return this.#setToNull ? null : this.keeper.object;
  }
  set session(value) {
    if (value !== null && value !== undefined) throw new TypeError('req.session can be set to null only');
    this.#setToNull = true;
  }

  prepare() {
    const { keeper } = this;
    return keeper.isBusy ? keeper.settle().then(() => this.#store()) : this.#store();
  }
  complete() {
    const { keeper } = this;
    const again = this.#options.rolling && keeper.snapshot && keeper.usesCookie;
    this.#addHeaders(keeper.setCookie ?? (again && keeper.client.setCookie(keeper.snapshot, keeper.token)));
    keeper.seal();
  }
  fail(error) {
    this.keeper.abandon();
    // The client must hear of a session that was made or ended before the failure.
    this.#addHeaders(this.keeper.setCookie);
    this.#next(error);
  }

  // Nothing, or a promise.
  #store() {
    const { keeper } = this;
    keeper.throwUnseen();
    const unset = this.#setToNull || !Object.hasOwn(keeper.origin, 'session');
    if (!unset) return keeper.changed ? keeper.save() : undefined;
    return this.#options.unset === 'destroy' && keeper.snapshot ? keeper.destroy() : undefined;
  }

  #addHeaders(cookie) {
    const res = this.#res;
    if (res.headersSent) return;
    addHeaders(res, this.keeper.headers);
    if (!cookie) return;
    res.appendHeader('Set-Cookie', cookie);
    res.setHeader('Cache-Control', 'no-store');
  }
}

// The same accessors for every request: accessors of its own would cost each request its hidden class. Each request has them
// to itself, so that `delete req.session` is seen.
const accessors = {
  session: {
    get() {
      return this[exchangeOf].session;
    },
    set(value) {
      this[exchangeOf].session = value;
    },
    configurable: true,
    enumerable: true,
  },
  sessionID: {
    get() {
      return this[exchangeOf].keeper.snapshot?.id;
    },
    configurable: true,
  },
};

function refuse(res, next, error) {
  if (error instanceof RequestDenied) addHeaders(res, error.decision.headers);
  next(error);
}

/**
 * Middleware: applies the policy, and gives the request `req.session` and `req.ficha`. Denials and outages go to
 * `next(err)` with `err.status`.
 *
 * `unset`: what `req.session = null` and `delete req.session` do at the end of the request, "destroy" or (default) "keep".
 * `rolling`: send the cookie with every response of a stored session.
 * `context`: follow the request through asynchronous code, for currentSession().
 */
function sessions(client, { unset = 'keep', rolling = false, context = false } = {}) {
  if (unset !== 'keep' && unset !== 'destroy') throw new TypeError('unset is "keep" or "destroy"');
  const options = { unset, rolling };
  if (context) storage ??= new AsyncLocalStorage();

  function attach(req, res, next, keeper) {
    const exchange = new Exchange(keeper, res, next, options);
    req[exchangeOf] = exchange;
    req.ficha = new RequestInfo(keeper);
    Object.defineProperty(req, 'session', accessors.session);
    Object.defineProperty(req, 'sessionID', accessors.sessionID);
    exchange.hold(res);
    if (context) storage.run(keeper, next);
    else next();
  }

  return function fichaSessions(req, res, next) {
    if (req.ficha) return next();
    let admitted;
    try {
      admitted = admit(client, req);
    } catch (error) {
      return refuse(res, next, error);
    }
    if (!(admitted instanceof Promise)) return attach(req, res, next, admitted);
    admitted.then(
      (keeper) => attach(req, res, next, keeper),
      (error) => refuse(res, next, error),
    );
  };
}

/** Route middleware: what the session must have, as Client.require(). After sessions(). */
function requires(requirement) {
  return function fichaRequirement(req, res, next) {
    if (!req.ficha) return next(new Error('no sessions() middleware before this route'));
    try {
      requireOf(RequestInfo.keeperOf(req.ficha), requirement);
    } catch (error) {
      return refuse(res, next, error);
    }
    next();
  };
}

/** Any one of the roles. */
const requireRole = (...roles) => requires({ roles });
/** All of the scopes. */
const requireScope = (...scopes) => requires({ scopes });
/** That the principal proved itself within the last `seconds`; 401 asks for it again (RFC 9470). */
const requireFresh = (seconds, { level } = {}) => requires({ maxAuthAge: seconds, level });

/** The `req.session` of the request that the calling code runs for; undefined outside of one. */
function currentSession() {
  if (!storage) throw new Error('currentSession() needs sessions(client, { context: true })');
  return storage.getStore()?.object;
}

module.exports = { RequestDenied, currentSession, requireFresh, requireRole, requireScope, requires, sessions };
