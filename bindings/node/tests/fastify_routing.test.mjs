// What is judged is what Fastify routes by.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { Client } from 'ficha';
import { UnevenRoutes, routes, sessions } from 'ficha/fastify';
import { useLeakCheck } from './helpers.mjs';

useLeakCheck();

const policy = [
  { path: '/secret', roles: ['staff'] },
  { path: '/secret/**', roles: ['staff'] },
  { path: '/**', allow: 'anyone' },
];

async function application(t, { settings, prefixes, ...options } = {}) {
  const config = { redis: { url: 'memory://' }, cookie: { insecure_http: true, name: 'sid' }, rule: policy, ...settings };
  const client = new Client(config, { prefixes });
  const app = Fastify(options);
  t.after(() => app.close().then(() => client.close()));
  const status = async (url, method = 'GET', headers = {}) => (await app.inject({ method, url, headers })).statusCode;
  return { app, client, status };
}
const reached = async () => 'reached';

test('a URL that rewriteUrl changes is judged as it came, and as it is routed', async (t) => {
  const rewriteUrl = ({ url }) => ({ '/alias': '/SECRET/7?x=1', '/secret/public': '/open' })[url] ?? url;
  const { app, client, status } = await application(t, { rewriteUrl, routerOptions: { caseSensitive: false } });
  await app.register(sessions, { client });
  app.get('/secret/:id', reached);
  app.get('/open', reached);
  assert.deepEqual(await Promise.all(['/alias', '/secret/public', '/open'].map((url) => status(url))), [401, 401, 200]);
  const stella = await client.create('stella', { roles: ['staff'] });
  assert.equal(await status('/alias', 'GET', { cookie: `sid=${stella.token}` }), 200);
});

test('a router without case, and one that ignores slashes, open no door', async (t) => {
  const routerOptions = { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true };
  const { app, client, status } = await application(t, { routerOptions });
  await app.register(sessions, { client });
  app.get('/secret', reached);
  app.get('/open', reached);
  const urls = ['/SECRET', '/Secret/', '//secret', '/OPEN/'];
  assert.deepEqual(await Promise.all(urls.map((url) => status(url))), [401, 401, 400, 200]);
});

test('inside a prefixed plugin sessions refuses to guess by which paths the rules go', async (t) => {
  const { app, client, status } = await application(t, { prefixes: ['/shop'] });
  const inside = (options) => async (inner) => {
    await inner.register(sessions, { client, ...options });
    inner.get('/secret', reached);
    inner.get('/open', reached);
  };
  await app.register(inside({ prefix: '/shop' }), { prefix: '/shop' });
  assert.deepEqual(await Promise.all(['/shop/secret', '/shop/open'].map((url) => status(url))), [401, 200]);
  const other = await application(t);
  await assert.rejects(async () => {
    await other.app.register(inside({}), { prefix: '/shop' });
    await other.app.ready();
  }, /prefix/);
});

test('a preflight of a listed origin is answered, and answers carry the CORS fields', async (t) => {
  const origin = 'https://app.example';
  const { app, client } = await application(t, { settings: { cors: { origins: [origin] } } });
  await app.register(sessions, { client });
  app.get('/open', reached);
  const ask = (method, url, headers) => app.inject({ method, url, headers: { origin, ...headers } });
  const preflight = await ask('OPTIONS', '/secret', { 'access-control-request-method': 'GET' });
  assert.deepEqual([preflight.statusCode, preflight.body], [204, '']);
  assert.equal(preflight.headers['access-control-allow-origin'], origin);
  for (const [url, status] of [['/open', 200], ['/secret', 401]]) {
    const { statusCode, headers } = await ask('GET', url, {});
    assert.deepEqual([statusCode, headers['access-control-allow-origin']], [status, origin]);
    assert.match(headers.vary, /Origin/);
  }
});

test('an unknown option of sessions is a TypeError', async (t) => {
  const { app, client } = await application(t);
  await assert.rejects(async () => {
    await app.register(sessions, { client, identityName: ['x'] });
    await app.ready();
  }, /"identityName".*"identityNames"/);
});

test('routes() lists which rule judges which route, and throws where they differ for one handler', async (t) => {
  const { app, client } = await application(t);
  await app.register(sessions, { client });
  async function secret() {
    return 'secret';
  }
  app.get('/secret', secret);
  app.get('/secret/:id', secret);
  app.get('/open/*', async () => 'open');
  await app.ready();
  const listed = routes(app).filter(({ methods }) => methods.includes('GET'));
  assert.deepEqual(listed.map(({ path, pattern, rule }) => [path, pattern, rule]), [
    ['/secret', '/secret', 0],
    ['/secret/:id', '/secret/*', 1],
    ['/open/*', '/open/**', 2],
  ]);
  const uneven = await application(t);
  await uneven.app.register(sessions, { client: uneven.client });
  uneven.app.get('/secret', secret);
  uneven.app.get('/secret.json', secret);
  await uneven.app.ready();
  assert.throws(() => routes(uneven.app), (error) => {
    assert.ok(error instanceof UnevenRoutes);
    assert.match(error.message, /\/secret\.json → secret#/);
    return true;
  });
});

test("request.session has what Fastify's own plugins call", async (t) => {
  const { app, client } = await application(t);
  await app.register(sessions, { client });
  app.get('/set', async (request) => {
    request.session.set('flash', { info: ['hello'] });
    request.session.set('cart', 1);
    return request.session.get('flash');
  });
  app.get('/regenerate', async (request) => {
    await request.session.regenerate(['flash', 'passport']);
    request.session.set('passport', 'ada');
    return [request.session.get('flash'), request.session.get('cart') ?? null, request.session.get('passport')];
  });
  app.get('/logout', async (request) => {
    request.session.set('passport', undefined);
    await request.session.regenerate();
    return request.session.get('passport') ?? null;
  });
  app.get('/reserved', async (request) => request.session.set('save', 1));
  app.get('/forge', async (request) => request.session.set('passport', 'administrator'));
  app.get('/me', async (request) => [request.session.get('passport') ?? null, request.session.get('toString') ?? null]);
  let cookie;
  const get = async (url) => {
    const response = await app.inject({ url, headers: { 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }) } });
    const set = [response.headers['set-cookie'] ?? []].flat().at(-1);
    if (set) cookie = set.split(';')[0];
    return response;
  };
  assert.equal((await get('/set')).body, '{"info":["hello"]}');
  assert.equal((await get('/regenerate')).body, '[{"info":["hello"]},null,"ada"]');
  assert.equal((await get('/me')).body, '["ada",null]');
  assert.deepEqual([(await get('/reserved')).statusCode, (await get('/forge')).statusCode], [400, 400]);
  assert.equal((await get('/logout')).statusCode, 200);
  assert.equal((await get('/me')).body, '[null,null]');
});
