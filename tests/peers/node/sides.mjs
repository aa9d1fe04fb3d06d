// The two that every scenario runs on: the peer's sessions, and ficha's in their place.
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import expressSession from 'express-session';
import { Client } from 'ficha';
import { sessions as fichaExpress } from 'ficha/express';
import { sessions as fichaFastify } from 'ficha/fastify';

const secret = 'a secret of at least thirty-two letters';

export const peer = {
  name: 'peer',
  express: () => expressSession({ secret, resave: false, saveUninitialized: false }),
  async fastify(app) {
    await app.register(fastifyCookie);
    await app.register(fastifySession, { secret, saveUninitialized: false, cookie: { secure: false } });
  },
  close() {},
};

/** On the Redis at `url`. */
export function ficha(url) {
  const client = new Client({ redis: { url, operation_timeout: '10s', command_timeout: '5s' }, cookie: { name: 'sid', insecure_http: true } });
  return {
    name: 'ficha',
    express: () => fichaExpress(client),
    fastify: (app) => app.register(fichaFastify, { client }),
    close: () => client.close(),
  };
}
