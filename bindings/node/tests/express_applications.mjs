// Applications on each release of Express that is supported.
import { describe } from 'node:test';
import express4 from 'express4';
import express5 from 'express';
import { Client } from 'ficha';
import { sessions } from 'ficha/express';
import { useLeakCheck, useRedis } from './helpers.mjs';

/**
 * For a test file: `open(settings)` makes clients of a Redis for all of its tests, which are closed after them;
 * `open.asked()` is how many commands that Redis was sent for sessions.
 */
export function useClients() {
  const redis = useRedis();
  const clients = [];
  useLeakCheck(clients);
  function open({ redis: connection, ...settings } = {}) {
    const cookie = { insecure_http: true, name: 'sid' };
    const client = new Client({ redis: { url: redis.url, ...connection }, cookie, ...settings });
    clients.push(client);
    return client;
  }
  open.asked = () => redis.asked();
  return open;
}

/**
 * Calls `tests` with `application(client, options)`, which makes an application, the route that matches every path, Express
 * itself, and the package it is.
 */
export function onEveryExpress(tests) {
  for (const [version, express, everyPath, name] of [
    ['Express 4', express4, '*', 'express4'],
    ['Express 5', express5, '/{*any}', 'express'],
  ]) {
    const application = (client, options) => {
      const app = express();
      app.set('env', 'test'); // no stack traces on the console
      app.use(sessions(client, options));
      return app;
    };
    describe(version, () => tests(application, everyPath, express, name));
  }
}

/** Answers errors as services do. After the routes. */
export function answerErrors(app) {
  app.use((error, req, res, next) => {
    if (res.headersSent) return next(error);
    res.status(error.status ?? 500).json({ error: error.codeName ?? error.name });
  });
}
