'use strict';
// Sessions for Express 4 and 5: one app.use() in the place of express-session's.

const { AsyncLocalStorage } = require('node:async_hooks');
const { requestOf } = require('./http.js');
const { holdResponse } = require('./held_response.js');
const { RequestInfo, addHeaders } = require('./request_info.js');
const { RequestDenied, admit, requireOf } = require('./request_session.js');

const storage = new AsyncLocalStorage();

/**
 * Middleware: applies the policy, and gives the request `req.session` and `req.ficha`. Denials and outages go to
 * `next(err)` with `err.status`.
 *
 * `unset`: what `req.session = null` does at the end of the request, "destroy" or (default) "keep".
 * `rolling`: send the cookie with every response of a stored session.
 */
function sessions(client, { unset = 'keep', rolling = false } = {}) {
  if (unset !== 'keep' && unset !== 'destroy') throw new TypeError('unset is "keep" or "destroy"');

  function attach(req, res, next, keeper) {
    let replaced = false;
    const info = new RequestInfo(keeper);
    Object.defineProperties(req, {
      ficha: { value: info, configurable: true },
      sessionID: { get: () => keeper.snapshot?.id, configurable: true },
      session: {
        get: () => (replaced ? null : keeper.object),
        set(value) {
          if (value !== null && value !== undefined) throw new TypeError('req.session can be set to null only');
          replaced = true;
        },
        configurable: true,
        enumerable: true,
      },
    });

    const isDone = () => (replaced ? unset === 'keep' || !keeper.snapshot : !keeper.changed);
    const complete = () => (replaced ? keeper.destroy() : keeper.save());
    const sendCookie = () => {
      if (res.headersSent) return;
      addHeaders(res, keeper.decision.headers);
      const again = rolling && keeper.snapshot && keeper.decision.carrier === 'cookie';
      const cookie = keeper.setCookie ?? (again && client.setCookie(keeper.snapshot, keeper.token));
      if (!cookie) return;
      res.appendHeader('Set-Cookie', cookie);
      res.setHeader('Cache-Control', 'no-store');
    };
    const prepare = () => {
      if (isDone()) return sendCookie();
      return complete().then(sendCookie);
    };
    holdResponse(res, prepare, (error) => {
      keeper.abandon();
      next(error);
    });
    storage.run(keeper, next);
  }

  return function fichaSessions(req, res, next) {
    if (req.ficha) return next();
    const refuse = (error) => {
      if (error instanceof RequestDenied) addHeaders(res, error.decision.headers);
      next(error);
    };
    let admitted;
    try {
      const device = { address: req.ip ?? '', userAgent: req.headers['user-agent'] ?? '' };
      admitted = admit(client, requestOf(req), device);
    } catch (error) {
      return refuse(error);
    }
    if (!(admitted instanceof Promise)) return attach(req, res, next, admitted);
    admitted.then((keeper) => attach(req, res, next, keeper), refuse);
  };
}

/** Route middleware: what the session must have, as Client.require(). After sessions(). */
function requires(requirement) {
  return function fichaRequirement(req, res, next) {
    if (!req.ficha) return next(new Error('no sessions() middleware before this route'));
    try {
      requireOf(RequestInfo.keeperOf(req.ficha), requirement);
    } catch (error) {
      if (error instanceof RequestDenied) addHeaders(res, error.decision.headers);
      return next(error);
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
  return storage.getStore()?.object;
}

module.exports = { RequestDenied, currentSession, requireFresh, requireRole, requireScope, requires, sessions };
