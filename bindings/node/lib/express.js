'use strict';
// Sessions for Express 4 and 5: one app.use() in the place of express-session's.

const { AsyncLocalStorage } = require('node:async_hooks');
const { Admission, requireOf } = require('./admission.js');
const { Client } = require('./client.js');
const { guardRoutesLike, requestOf, routedUrl, routedTarget } = require('./express_routing.js');
const { clientOf, routes } = require('./express_routes.js');
const { HeldResponse } = require('./held_response.js');
const { checkKeys } = require('./options.js');
const { checkPrefix } = require('./judged_request.js');
const { RequestInfo, addHeaders } = require('./request_info.js');
const { requirement } = require('./requests.js');
const { RequestDenied, respondTo } = require('./responses.js');
const { UnevenRoutes } = require('./route_listing.js');

// Made by the first sessions() that wants it: following asynchronous code costs every request of Node 20 a tenth of its time.
let storage;

const exchangeOf = Symbol('ficha exchange');

/** One request and its response. */
class Exchange extends HeldResponse {
  #res;
  #next;
  #options;
  #setToNull = false;
  #method;
  #url;

  constructor(keeper, req, res, next, options) {
    super();
    this.keeper = keeper;
    this.route = req.route;
    this.#method = req.method;
    this.#url = routedUrl(req);
    this.#res = res;
    this.#next = next;
    this.#options = options;
  }
  get session() {
    return this.#setToNull ? null : this.keeper.object;
  }
  set session(value) {
    if (value === null || value === undefined) this.#setToNull = true;
    else if (value !== this.keeper.object) throw new TypeError('req.session can be set to null, or to itself');
    else this.#setToNull = false;
  }
  get client() {
    return this.keeper.client;
  }

  /** Whether the request was judged by what it is routed by now. */
  isJudged(req) {
    return req.method === this.#method && routedUrl(req) === this.#url;
  }
  /** Judges what the request is routed by now; nothing, or a promise. Throws or rejects with RequestDenied. */
  judgeRouted(req) {
    const { admission, prefixes } = this.#options;
    const [method, url] = [req.method, routedUrl(req)];
    const judged = admission.admitRouted(this.keeper, method, routedTarget(req, prefixes));
    const note = () => {
      this.#method = method;
      this.#url = url;
    };
    return judged instanceof Promise ? judged.then(note) : note();
  }

  prepare() {
    const { keeper } = this;
    return keeper.isBusy ? keeper.settle().then(() => this.#store()) : this.#store();
  }
  complete() {
    const { keeper } = this;
    const again = this.#options.rolling && keeper.snapshot && keeper.usesCookie;
    this.#addHeaders(keeper.setCookie ?? (again && keeper.cookieOf(keeper.snapshot, keeper.token)));
    keeper.seal();
  }
  fail(error) {
    this.keeper.abandon();
    // The client must hear of a session that was made or ended before the failure.
    this.#addHeaders(this.keeper.setCookie);
    if (!this.#res.headersSent) addHeaders(this.#res, Object.entries(respondTo(error)?.headers ?? {}));
    this.#next(error);
  }

  // Nothing, or a promise.
  #store() {
    const { keeper } = this;
    keeper.throwUnseen();
    const unset = this.#setToNull || !Object.hasOwn(keeper.origin, 'session');
    if (!unset) return keeper.save();
    return this.#options.unset === 'destroy' && keeper.snapshot ? keeper.destroy() : undefined;
  }

  #addHeaders(cookie) {
    const res = this.#res;
    if (res.headersSent) return;
    addHeaders(res, this.keeper.headers);
    if (!cookie) return;
    res.appendHeader('Set-Cookie', cookie.field());
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
      return this[exchangeOf].keeper.id;
    },
    set(id) {
      if (id !== this.sessionID) throw new TypeError('req.sessionID cannot be assigned: it follows from the token');
    },
    configurable: true,
  },
  // Of whichever Express: a router, or an application that is mounted, may be of another one than the application around it.
  route: {
    get() {
      return this[exchangeOf].route;
    },
    set(route) {
      guardRoutesLike(route, isJudged, judgeAtRoute);
      this[exchangeOf].route = route;
    },
    configurable: true,
    enumerable: true,
  },
};

function refuse(res, next, error) {
  if (!(error instanceof RequestDenied)) return next(error);
  const { decision } = error;
  addHeaders(res, decision.headers);
  if (decision.verdict !== 'preflight') return next(error);
  res.statusCode = decision.status;
  res.end();
}

function isJudged(req) {
  const exchange = req[exchangeOf];
  return exchange === undefined || exchange.isJudged(req);
}

// At a route: the request is routed by another method or target than it was judged by, and is judged by that as well.
function judgeAtRoute(req, res, next, proceed) {
  let judged;
  try {
    judged = req[exchangeOf].judgeRouted(req);
  } catch (error) {
    return refuse(res, next, error);
  }
  if (judged) judged.then(proceed, (error) => refuse(res, next, error));
  else proceed();
}

function mountError(baseUrl, prefix) {
  const where = JSON.stringify(baseUrl);
  return new Error(
    prefix === undefined
      ? `sessions() is mounted at ${where}: put it before what is mounted, or say by which paths the rules go: ` +
        `sessions(client, { prefix: ${where} }) where they are written without it, { prefix: '' } where with it`
      : `sessions() was told prefix ${JSON.stringify(prefix)} and is mounted at ${where}`,
  );
}

function checkOptions(client, given) {
  if (!(client instanceof Client)) throw new TypeError("sessions(): a client is expected, sessions(new Client('ficha.toml'))");
  checkKeys('sessions()', given, ['unset', 'rolling', 'context', 'prefix', 'identityNames']);
  const { unset = 'keep', prefix } = given;
  if (unset !== 'keep' && unset !== 'destroy') throw new TypeError('sessions(): unset is "keep" or "destroy"');
  checkPrefix(client, prefix);
}

/**
 * Middleware: applies the policy, and gives the request `req.session` and `req.ficha`. Denials and outages go to
 * `next(err)` with `err.status`.
 *
 * `unset`: what `req.session = null` and `delete req.session` do at the end of the request, "destroy" or (default) "keep".
 * `rolling`: send the cookie with every response of a stored session.
 * `context`: follow the request through asynchronous code, for currentSession().
 * `prefix`: inside a mounted application or router, what of the path the rules are written without.
 * `identityNames`: attributes that say who somebody is, which the framework's login alone may assign; default Passport's.
 */
function sessions(client, given = {}) {
  checkOptions(client, given);
  const { unset = 'keep', rolling = false, context = false, prefix } = given;
  const admission = new Admission(client, given);
  const prefixes = prefix ? [prefix] : client.config.prefixes;
  const options = { unset, rolling, admission, prefixes };
  if (context) storage ??= new AsyncLocalStorage();

  function attach(req, res, next, keeper) {
    const exchange = new Exchange(keeper, req, res, next, options);
    req[exchangeOf] = exchange;
    req.ficha = new RequestInfo(keeper);
    Object.defineProperty(req, 'session', accessors.session);
    Object.defineProperty(req, 'sessionID', accessors.sessionID);
    Object.defineProperty(req, 'route', accessors.route);
    exchange.hold(res);
    if (context) storage.run(keeper, next);
    else next();
  }

  function fichaSessions(req, res, next) {
    const earlier = req[exchangeOf];
    if (earlier?.client === client) return next();
    let admitted;
    try {
      if (req.baseUrl && (prefix === undefined || !isMountedAt(req.baseUrl, prefix))) throw mountError(req.baseUrl, prefix);
      admitted = admission.admit(req, requestOf(req, prefix, prefixes), req);
    } catch (error) {
      return refuse(res, next, error);
    }
    if (!(admitted instanceof Promise)) return attach(req, res, next, admitted);
    admitted.then(
      (keeper) => attach(req, res, next, keeper),
      (error) => refuse(res, next, error),
    );
  }
  fichaSessions[clientOf] = client;
  return fichaSessions;
}

// Routers take a path in any case for the one they are mounted at.
const isMountedAt = (baseUrl, prefix) => prefix === '' || baseUrl.toLowerCase() === prefix.toLowerCase();

/** Route middleware: what the session must have, as Client.require(). After sessions(). */
function requires(wanted) {
  const made = requirement(wanted);
  return function fichaRequirement(req, res, next) {
    if (!req.ficha) return next(new Error('no sessions() middleware before this route'));
    try {
      requireOf(RequestInfo.keeperOf(req.ficha), made);
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
function requireFresh(seconds, options = {}) {
  checkKeys('requireFresh()', options, ['level']);
  return requires({ maxAuthAge: seconds, ...options });
}

/** The `req.session` of the request that the calling code runs for; undefined outside of one. */
function currentSession() {
  if (!storage) throw new Error('currentSession() needs sessions(client, { context: true })');
  return storage.getStore()?.object;
}

module.exports = {
  RequestDenied,
  UnevenRoutes,
  currentSession,
  requireFresh,
  requireRole,
  requireScope,
  requires,
  routes,
  sessions,
};
