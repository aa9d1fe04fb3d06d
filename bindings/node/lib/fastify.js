'use strict';
// Sessions for Fastify: request.session and request.ficha, saved before the response is sent.

const { Admission, requireOf } = require('./admission.js');
const { Client } = require('./client.js');
const { requestOf } = require('./http.js');
const { FastifySession } = require('./http_session.js');
const { checkPrefix, withoutAuthority, withoutPrefix } = require('./judged_request.js');
const { checkKeys } = require('./options.js');
const { RequestInfo, addHeaders } = require('./request_info.js');
const { requirement } = require('./requests.js');
const { RequestDenied, respondTo } = require('./responses.js');
const { HandlerNames, UnevenRoutes, listRoutes } = require('./route_listing.js');
const { simplePatterns } = require('./route_patterns.js');

// As the response of node:http has them; what is set on that itself is lost where the handler sets the same header.
function headersOf(reply) {
  return { getHeader: (name) => reply.getHeader(name), setHeader: (name, value) => reply.header(name, value) };
}

const routesOf = Symbol('ficha routes');

// The request with what Fastify routes it by: rewriteUrl has changed `url`, and left what came in `originalUrl`.
function rawRequestOf(raw, prefix, prefixes) {
  const request = requestOf(raw);
  request.prefix = prefix ?? '';
  const target = withoutPrefix(withoutAuthority(raw.url), prefixes);
  if (target !== request.path || request.readings) request.readings = [{ method: raw.method, target }];
  return request;
}

function checkOptions(fastify, { client, ...options }) {
  if (!(client instanceof Client)) throw new TypeError('sessions: a client is expected, app.register(sessions, { client })');
  checkKeys('sessions', options, ['prefix', 'identityNames']);
  checkPrefix(client, options.prefix);
  if (fastify.prefix === '' || options.prefix === '' || options.prefix === fastify.prefix) return;
  const where = JSON.stringify(fastify.prefix);
  throw new Error(
    `sessions is registered inside the prefix ${where}: register it before, or say by which paths the rules go: ` +
      `{ client, prefix: ${where} } where they are written without it, { client, prefix: '' } where with it`,
  );
}

/**
 * Plugin: `app.register(sessions, { client })`. Denials and outages are errors with `statusCode`. After `reply.hijack()`,
 * what the handler did not save itself is saved when the response is out. Options as those of Express' sessions(): `prefix`,
 * `identityNames`.
 */
async function sessions(fastify, options) {
  checkOptions(fastify, options);
  const { client, prefix } = options;
  const admission = new Admission(client, options, FastifySession);
  const prefixes = prefix ? [prefix] : client.config.prefixes;
  const keepers = new WeakMap();
  fastify.decorateRequest('ficha', null);
  fastify.decorateRequest('session', {
    getter() {
      return keepers.get(this)?.object;
    },
  });
  const registered = [];
  fastify.decorate(routesOf, { client, registered });
  fastify.addHook('onRoute', ({ method, url, handler }) => registered.push({ methods: [method].flat(), url, handler }));

  fastify.addHook('onRequest', async (request, reply) => {
    const { raw } = request;
    try {
      const keeper = await admission.admit(raw, rawRequestOf(raw, prefix, prefixes), request);
      keepers.set(request, keeper);
      request.ficha = new RequestInfo(keeper);
    } catch (error) {
      if (!(error instanceof RequestDenied)) throw error;
      addHeaders(headersOf(reply), error.decision.headers);
      if (error.decision.verdict !== 'preflight') throw error;
      return reply.code(error.status).send();
    }
  });

  async function store(keeper) {
    await keeper.settle();
    keeper.throwUnseen();
    await keeper.save();
  }

  // An error that the application's own handler, if there is one, leaves to Fastify.
  const answers = new WeakMap();
  fastify.addHook('onError', async (request, reply, error) => {
    if (!respondTo(error)) return;
    const { send } = reply;
    // What the handler sends is an error only where Fastify is to answer it.
    reply.send = function (payload) {
      delete reply.send;
      const answer = payload instanceof Error && respondTo(payload);
      if (answer) answers.set(request, answer);
      return send.call(this, payload);
    };
  });

  const storing = new WeakSet();
  fastify.addHook('onSend', async (request, reply, payload) => {
    // While the first answer waits, Fastify takes the request for unanswered, and runs the handler after a hook that redirected.
    if (storing.has(request)) return new Promise(() => {});
    const answer = answers.get(request);
    if (answer) {
      reply.code(answer.status).type('application/json').removeHeader('content-length');
      payload = answer.body;
    }
    const keeper = keepers.get(request);
    if (!keeper) return payload;
    keepers.delete(request); // a failed save answers with an error, which passes here again
    storing.add(request);
    try {
      await store(keeper);
    } catch (error) {
      addHeaders(headersOf(reply), Object.entries(respondTo(error)?.headers ?? {}));
      throw error;
    } finally {
      storing.delete(request);
      // With an error as well: the client must hear of a session that was made or ended before it.
      addHeaders(headersOf(reply), keeper.headers);
      if (keeper.setCookie) reply.header('Set-Cookie', keeper.setCookie.field()).header('Cache-Control', 'no-store');
      keeper.seal();
    }
    return payload;
  });

  // A handler that took the response over, reply.hijack(), passes no onSend. No cookie can go along any more.
  fastify.addHook('onResponse', async (request, reply) => {
    const keeper = keepers.get(request);
    if (!keeper || !reply.sent) return;
    keeper.seal();
    await store(keeper);
  });
}
// What fastify-plugin does: the hooks are for the whole application, not for the plugin's own routes.
sessions[Symbol.for('skip-override')] = true;
sessions[Symbol.for('fastify.display-name')] = 'ficha';

/** A preHandler: what the session must have, as Client.require(). */
function requires(wanted) {
  const made = requirement(wanted);
  return async function fichaRequirement(request, reply) {
    try {
      requireOf(RequestInfo.keeperOf(request.ficha), made);
    } catch (error) {
      if (error instanceof RequestDenied) addHeaders(headersOf(reply), error.decision.headers);
      throw error;
    }
  };
}

/**
 * The routes that were registered after sessions(), each with the rule that judges it: [{ handler, methods, path, pattern,
 * rule, line, problem }]. Throws UnevenRoutes where one handler is reached under rules of different strictness, or under
 * none. After `await app.ready()`.
 */
function routes(app) {
  if (!app[routesOf]) throw new Error('routes(): the application does not use sessions');
  const { client, registered } = app[routesOf];
  const names = new HandlerNames();
  const found = registered.flatMap(({ methods, url, handler }) =>
    simplePatterns(url).map((pattern) => ({ handler: names.of(handler), methods, path: url, pattern })),
  );
  return listRoutes(client, found);
}

module.exports = { RequestDenied, UnevenRoutes, requires, routes, sessions };
