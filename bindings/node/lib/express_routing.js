'use strict';
// By what Express routes a request, and the place where it does.

const http = require('./http.js');
const { withoutAuthority, withoutPrefix } = require('./judged_request.js');

/** The whole URL that the request is routed by at this moment. */
const routedUrl = (req) => (req.baseUrl ? req.baseUrl + withoutAuthority(req.url) : req.url);

/** The same as the target of a reading. */
const routedTarget = (req, prefixes) => withoutPrefix(withoutAuthority(routedUrl(req)), prefixes);

/** A request as Client.authorize() takes it, with what Express routes it by. `prefix` was given to sessions(). */
function requestOf(req, prefix, prefixes) {
  const request = http.requestOf(req);
  if (!req.baseUrl && prefixes.length === 0) return request;
  request.readings = [{ method: req.method, target: routedTarget(req, prefixes) }];
  if (req.baseUrl && prefix) request.prefix = prefix;
  return request;
}

const guardedPrototypes = new WeakSet();

/**
 * Has `judge(req, res, next, proceed)` called before a request goes into any route of the Express that `route` is of, unless
 * `isJudged(req)`. A router notes on the request which route it has found before it goes there, by way of a Layer, whose
 * method is looked up at each call: for the route at hand as well.
 */
function guardRoutesLike(route, isJudged, judge) {
  const [layer] = route?.stack ?? [];
  if (layer === undefined) return;
  const prototype = Object.getPrototypeOf(layer);
  if (guardedPrototypes.has(prototype)) return;
  const name = ['handleRequest', 'handle_request'].find((known) => typeof prototype[known] === 'function'); // Express 5, 4
  if (!name) throw new Error('sessions(): the routes of this Express cannot be guarded');
  const handle = prototype[name];
  prototype[name] = function fichaAtRoute(req, res, next) {
    if (this.route === undefined || isJudged(req)) return handle.call(this, req, res, next);
    judge(req, res, next, () => handle.call(this, req, res, next));
  };
  guardedPrototypes.add(prototype);
}

module.exports = { guardRoutesLike, requestOf, routedTarget, routedUrl };
