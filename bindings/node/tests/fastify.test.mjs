// Sessions for Fastify.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Fastify from 'fastify';
import { Client, SessionGone, TooLarge, Unavailable, respondTo } from 'ficha';
import { requires, sessions } from 'ficha/fastify';
import { patient, useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();

async function application(t, rules, options) {
  const cookie = { insecure_http: true, name: 'sid' };
  const client = new Client({ ...patient, redis: { url: redis.url }, cookie, ...(rules && { rule: rules }) });
  const app = Fastify(options);
  await app.register(sessions, { client });
  t.after(() => app.close().then(() => client.close()));
  const send = (method, url, cookie) =>
    app.inject({ method, url, headers: { 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }) } });
  return { app, client, send };
}

const cookieOf = (response) => [response.headers['set-cookie']].flat()[0].split(';')[0];

test('a session is stored before the response, with its cookie; an unchanged one is not', async (t) => {
  const { app, send } = await application(t);
  app.get('/', async (request) => (request.session.n = (request.session.n ?? 0) + 1));
  app.get('/read', async (request) => ({ n: request.session.n }));
  const first = await send('GET', '/');
  const cookie = cookieOf(first);
  assert.equal(first.headers['cache-control'], 'no-store');
  assert.equal((await send('GET', '/', cookie)).body, '2');
  assert.equal((await send('GET', '/read', cookie)).body, '{"n":2}');
  const asked = await redis.asked();
  assert.equal((await send('GET', '/read', cookie)).headers['set-cookie'], undefined);
  assert.equal(await redis.asked(), asked);
});

test('a login and a logout', async (t) => {
  const { app, send } = await application(t, [{ path: '/login', allow: 'anyone' }, { path: '/**' }]);
  app.post('/login', async (request) => (await request.ficha.login('alice')).principal);
  app.post('/logout', async (request) => request.ficha.logout());
  app.get('/me', async (request) => request.ficha.principal);
  assert.equal((await send('GET', '/me')).statusCode, 401);
  const cookie = cookieOf(await send('POST', '/login'));
  assert.equal((await send('GET', '/me', cookie)).body, 'alice');
  assert.match((await send('POST', '/logout', cookie)).headers['set-cookie'], /Max-Age=0/);
  assert.equal((await send('GET', '/me', cookie)).statusCode, 401);
});

test('denials carry their headers, from the policy and from a route', async (t) => {
  const { app, client, send } = await application(t, [{ path: '/**' }]);
  app.get('/admin', { preHandler: requires({ roles: ['admin'] }) }, async () => 'reached');
  const denied = await send('GET', '/admin');
  assert.deepEqual([denied.statusCode, denied.headers['www-authenticate']], [401, 'Bearer']);
  const [alice, root] = [await client.create('alice'), await client.create('root', { roles: ['admin'] })];
  assert.equal((await send('GET', '/admin', `sid=${alice.token}`)).statusCode, 403);
  assert.equal((await send('GET', '/admin', `sid=${root.token}`)).body, 'reached');
});

test('a save that finds the session gone is a 401, and nothing is brought back', async (t) => {
  const { app, client, send } = await application(t);
  app.get('/', async (request) => {
    request.session.n = 1;
    await client.revoke(request.session.id);
    return 'as if it were stored';
  });
  const { token } = await client.create('alice');
  assert.equal((await send('GET', '/', `sid=${token}`)).statusCode, 401);
  assert.equal(await client.load(token, { fresh: true }), null);
});

test("the session's cookie joins those of the handler, and its Vary theirs", async (t) => {
  const { app, send } = await application(t);
  app.get('/', async (request, reply) => {
    request.session.n = 1;
    reply.header('Set-Cookie', 'a=1').header('Vary', 'Origin').header('Cache-Control', 'public');
    return 'made';
  });
  const { headers } = await send('GET', '/');
  assert.deepEqual(headers['set-cookie'].map((field) => field.split('=')[0]), ['a', 'sid']);
  assert.deepEqual([headers.vary, headers['cache-control']], ['Origin, Cookie', 'no-store']);
});

test('an error of ours has the same answer as everywhere, unless the application answers it', async (t) => {
  const { app, send } = await application(t);
  const failures = {
    gone: () => new SessionGone('the session abc is gone'),
    lost: () => new Unavailable('redis://10.0.0.7: not connected'),
    large: () => new TooLarge('attribute "cart": a value is at most 64 KiB'),
  };
  const fail = async (request) => {
    if (request.params.error === 'saved') return (request.session.kept = 'x'.repeat(70_000));
    throw failures[request.params.error]?.() ?? new Error("the application's own");
  };
  app.get('/:error', fail);
  await app.register(async (own) => {
    own.setErrorHandler((error, _request, reply) => reply.code(418).send({ mine: error.codeName }));
    own.get('/own/:error', fail);
  });
  for (const [name, make] of Object.entries(failures)) {
    const [answer, expected] = [await send('GET', `/${name}`), respondTo(make())];
    assert.deepEqual([answer.statusCode, answer.body], [expected.status, expected.body]);
    assert.match(answer.headers['content-type'], /^application\/json/);
    for (const [field, value] of Object.entries(expected.headers)) assert.equal(answer.headers[field.toLowerCase()], value);
  }
  const saved = await send('GET', '/saved');
  assert.deepEqual([saved.statusCode, saved.json().message], [413, 'attribute "kept": a value is at most 64 KiB']);
  assert.equal((await send('GET', '/other')).json().message, "the application's own");
  assert.deepEqual((await send('GET', '/own/gone')).json(), { mine: 'session_gone' });
  assert.equal((await send('GET', '/own/gone')).statusCode, 418);
  assert.deepEqual((await send('GET', '/own/saved')).json(), { mine: 'too_large' });
  const denied = await application(t, [{ path: '/**' }]);
  assert.equal((await denied.send('GET', '/x')).body, '{"error":"unauthenticated","message":"log in first"}\n');
});

test('an operation that the handler did not wait for is done before the response', async (t) => {
  const { app, client, send } = await application(t);
  app.get('/', async (request) => {
    request.session.destroy();
    return 'logged out';
  });
  const { token } = await client.create('alice');
  assert.match((await send('GET', '/', `sid=${token}`)).headers['set-cookie'], /Max-Age=0/);
  assert.equal(await client.load(token, { fresh: true }), null);
});

test('the cookie of a login goes out with the error about what came after it', async (t) => {
  const { app, client, send } = await application(t);
  app.get('/', async (request) => {
    await request.ficha.login('alice');
    request.session.bad = () => 1;
    return 'welcome';
  });
  const answer = await send('GET', '/');
  assert.deepEqual([answer.statusCode, answer.headers.vary], [400, 'Cookie']);
  assert.equal((await client.load(cookieOf(answer).slice('sid='.length))).principal, 'alice');
});

test('a handler that takes the response over keeps its changes; a new session cannot be made any more', { timeout: 30_000 }, async (t) => {
  const errors = [];
  const write = (line) => errors.push(JSON.parse(line).err.message);
  const { app, client, send } = await application(t, undefined, { logger: { level: 'error', stream: { write } } });
  app.get('/', async (request, reply) => {
    reply.hijack();
    request.session.n = 1;
    reply.raw.end('raw');
  });
  const { token } = await client.create('alice');
  assert.equal((await send('GET', '/', `sid=${token}`)).body, 'raw');
  while ((await client.load(token, { fresh: true })).attributes.n !== 1);
  assert.equal((await send('GET', '/')).headers['set-cookie'], undefined);
  while (errors.length === 0) await nextTurn();
  assert.deepEqual(errors, ['the headers of the response are out: no cookie can go along']);
});
