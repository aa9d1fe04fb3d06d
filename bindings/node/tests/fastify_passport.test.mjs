// @fastify/passport, and the @fastify/flash that it brings, on ficha's request.session.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastifyPassport from '@fastify/passport';
import Fastify from 'fastify';
import { Client } from 'ficha';
import { sessions } from 'ficha/fastify';
import { useLeakCheck } from './helpers.mjs';

useLeakCheck();

class ByName extends fastifyPassport.Strategy {
  constructor() {
    super('by-name');
  }
  authenticate(request) {
    this.success({ name: request.query.name });
  }
}

async function application(t) {
  const client = new Client({ redis: { url: 'memory://' }, cookie: { name: 'sid', insecure_http: true } });
  const app = Fastify();
  t.after(() => app.close().then(() => client.close()));
  const passport = new fastifyPassport.Authenticator();
  await app.register(sessions, { client });
  await app.register(passport.initialize());
  await app.register(passport.secureSession());
  passport.registerUserSerializer(async (user) => user.name);
  passport.registerUserDeserializer(async (name) => ({ name }));
  passport.use(new ByName());
  app.get('/login', { preValidation: passport.authenticate('by-name', { authInfo: false }) }, async () => 'in');
  const goes = { authInfo: false, successRedirect: '/me' };
  app.get('/login-and-go', { preValidation: passport.authenticate('by-name', goes) }, async () => 'not this');
  app.get('/me', async (request) => [request.user?.name ?? null, request.session.cart ?? null]);
  app.get('/cart', async (request) => (request.session.cart = 'book'));
  app.get('/logout', async (request) => request.logOut());
  app.get('/flash', async (request) => request.flash('info', 'hello'));
  app.get('/flashed', async (request, reply) => reply.flash());
  const jar = {};
  async function get(url) {
    const headers = { 'sec-fetch-site': 'same-origin', ...(jar.cookie && { cookie: jar.cookie }) };
    const response = await app.inject({ url, headers });
    const [set] = [response.headers['set-cookie'] ?? []].flat().slice(-1);
    if (set) jar.cookie = set.split(';')[0];
    return response.body;
  }
  return { client, get, token: () => jar.cookie.slice('sid='.length) };
}

test('a user is logged in under a new token, known, and logged out', async (t) => {
  const { client, get, token } = await application(t);
  await get('/cart');
  const before = token();
  assert.equal(await get('/login?name=ada'), 'in');
  assert.equal(await client.load(before), null);
  assert.equal(await get('/me'), '["ada",null]');
  const { attributes, protected: identity } = await client.load(token());
  assert.deepEqual([{ ...attributes }, { ...identity }], [{}, { passport: 'ada' }]);
  const during = token();
  await get('/logout');
  assert.equal(await client.load(during), null);
  assert.equal(await get('/me'), '[null,null]');
});

test('a login that redirects carries its cookie, though its handler runs as well', async (t) => {
  const { get } = await application(t);
  assert.equal(await get('/login-and-go?name=ada'), '');
  assert.equal(await get('/me'), '["ada",null]');
});

test('a flashed message is there once', async (t) => {
  const { get } = await application(t);
  await get('/flash');
  assert.equal(await get('/flashed'), '{"info":["hello"]}');
  assert.equal(await get('/flashed'), '{}');
});
