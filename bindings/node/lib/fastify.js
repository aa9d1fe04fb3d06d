'use strict';
// Sessions for Fastify: request.session and request.ficha, saved before the response is sent.

const { RequestInfo, addHeaders } = require('./request_info.js');
const { RequestDenied, admit, requireOf } = require('./admission.js');

// As the response of node:http has them; what is set on that itself is lost where the handler sets the same header.
function headersOf(reply) {
  return { getHeader: (name) => reply.getHeader(name), setHeader: (name, value) => reply.header(name, value) };
}

/**
 * Plugin: `app.register(sessions, { client })`. Denials and outages are errors with `statusCode`. After `reply.hijack()`,
 * what the handler did not save itself is saved when the response is out.
 */
async function sessions(fastify, { client }) {
  const keepers = new WeakMap();
  fastify.decorateRequest('ficha', null);
  fastify.decorateRequest('session', {
    getter() {
      return keepers.get(this)?.object;
    },
  });

  fastify.addHook('onRequest', async (request, reply) => {
    try {
      const keeper = await admit(client, request);
      keepers.set(request, keeper);
      request.ficha = new RequestInfo(keeper);
    } catch (error) {
      if (error instanceof RequestDenied) addHeaders(headersOf(reply), error.decision.headers);
      throw error;
    }
  });

  async function store(keeper) {
    await keeper.settle();
    keeper.throwUnseen();
    if (keeper.changed) await keeper.save();
  }

  fastify.addHook('onSend', async (request, reply, payload) => {
    const keeper = keepers.get(request);
    if (!keeper) return payload;
    keepers.delete(request); // a failed save answers with an error, which passes here again
    try {
      await store(keeper);
    } finally {
      // With an error as well: the client must hear of a session that was made or ended before it.
      addHeaders(headersOf(reply), keeper.headers);
      if (keeper.setCookie) reply.header('Set-Cookie', keeper.setCookie).header('Cache-Control', 'no-store');
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
const requires = (requirement) =>
  async function fichaRequirement(request, reply) {
    try {
      requireOf(RequestInfo.keeperOf(request.ficha), requirement);
    } catch (error) {
      if (error instanceof RequestDenied) addHeaders(headersOf(reply), error.decision.headers);
      throw error;
    }
  };

module.exports = { RequestDenied, requires, sessions };
