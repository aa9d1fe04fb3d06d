// Who may pass: logins, the policy, requirements of routes, and outages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { currentSession, requireFresh, requireRole, requireScope } from 'ficha/express';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { serve, startRedis } from './helpers.mjs';

const open = useClients();

const policy = [
  { path: '/login', allow: 'anyone' },
  { path: '/public', allow: 'anyone' },
  { path: '/admin/**', roles: ['admin'] },
  { path: '/**', allow: 'authenticated' },
];

onEveryExpress((application, everyPath) => {
  test('a login gives a new token, keeps what the visitor had, and ends the old session', async (t) => {
    const client = open({ rule: policy });
    const app = application(client);
    app.get('/public', (req, res) => res.json((req.session.cart = ['book'])));
    app.post('/login', async (req, res) => {
      req.session.cart.push('pen');
      await req.ficha.login('alice', { roles: ['customer'], scopes: ['read'] });
      res.json([req.ficha.principal, req.session.cart]);
    });
    app.get('/me', (req, res) => res.json([req.ficha.principal, req.ficha.roles, req.session.cart]));
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/public', { jar });
    const visitor = jar.cookie;
    assert.equal((await send('POST', '/login', { jar })).text, '["alice",["book","pen"]]');
    assert.notEqual(jar.cookie, visitor);
    assert.equal((await send('GET', '/me', { jar })).text, '["alice",["customer"],["book","pen"]]');
    assert.equal((await send('GET', '/me', { jar: { cookie: visitor } })).status, 401);
  });

  test('the policy decides: 401 with a challenge, 403, and 400, through next(err)', async (t) => {
    const client = open({ rule: policy });
    const app = application(client);
    app.get(everyPath, (req, res) => res.send('reached'));
    answerErrors(app);
    const send = await serve(t, app);
    const alice = await client.create('alice');
    const anonymous = await send('GET', '/me');
    assert.equal(anonymous.status, 401);
    assert.equal(anonymous.headers['www-authenticate'], 'Bearer');
    assert.match(anonymous.headers.vary, /Cookie/);
    const cookie = { Cookie: `sid=${alice.token}` };
    assert.equal((await send('GET', '/me', { headers: cookie })).text, 'reached');
    assert.equal((await send('GET', '/admin/x', { headers: cookie })).status, 403);
    const bearer = { Authorization: `Bearer ${alice.token}` };
    assert.equal((await send('GET', '/me', { headers: bearer })).text, 'reached');
    assert.equal((await send('GET', '/me', { headers: { ...cookie, ...bearer } })).status, 400);
    assert.equal((await send('POST', '/me', { headers: { ...cookie, 'Sec-Fetch-Site': 'cross-site' } })).status, 403);
  });

  test('route middleware is the second door', async (t) => {
    const client = open({ rule: [{ path: '/**', allow: 'anyone' }] });
    const app = application(client);
    const ok = (req, res) => res.send('reached');
    app.get('/role', requireRole('teller', 'admin'), ok);
    app.get('/scope', requireScope('a', 'b'), ok);
    app.get('/fresh', requireFresh(300), ok);
    answerErrors(app);
    const send = await serve(t, app);
    const teller = await client.create('t', { roles: ['teller'], scopes: ['a'] });
    const stale = await client.create('s', { scopes: ['a', 'b'], authenticated: false });
    const status = async (path, session) =>
      (await send('GET', path, { headers: session ? { Cookie: `sid=${session.token}` } : {} })).status;
    assert.deepEqual(await Promise.all([status('/role'), status('/role', teller), status('/role', stale)]), [401, 200, 403]);
    assert.deepEqual(await Promise.all([status('/scope', teller), status('/scope', stale)]), [403, 200]);
    assert.deepEqual(await Promise.all([status('/fresh', teller), status('/fresh', stale)]), [200, 401]);
  });

  test('an outage is 503 with the cookie and the session left alone', async (t) => {
    const server = await startRedis();
    t.after(() => server.stop());
    const client = open({ redis: { url: server.url, connect_timeout: '100ms', command_timeout: '100ms', operation_timeout: '200ms' } });
    const app = application(client);
    app.get('/start', (req, res) => res.json((req.session.n = 1)));
    app.get('/get', (req, res) => res.json(req.session.n));
    app.get('/set', async (req, res) => {
      req.session.n = 2;
      server.signal('SIGSTOP');
      res.json('stored');
    });
    answerErrors(app);
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/start', { jar });
    const { cookie } = jar;
    const lost = await send('GET', '/set', { jar });
    assert.equal(lost.status, 503);
    const outage = await send('GET', '/get', { headers: { Cookie: `sid=${(await open().create('x')).token}` } });
    assert.equal(outage.status, 503);
    assert.deepEqual([...lost.setCookies, ...outage.setCookies], []);
    server.signal('SIGCONT');
    let healed;
    do healed = await send('GET', '/get', { jar });
    while (healed.status === 503);
    assert.equal(healed.status, 200);
    assert.equal(jar.cookie, cookie);
  });

  test('currentSession() is the session of the request that the code runs for', async (t) => {
    const app = application(open(), { context: true });
    const remember = async (value) => {
      await nextTurn();
      currentSession().value = value;
    };
    app.get('/set/:value', async (req, res) => {
      await remember(req.params.value);
      res.json(currentSession() === req.session);
    });
    app.get('/get', (req, res) => res.json(req.session.value));
    const send = await serve(t, app);
    await Promise.all(
      ['a', 'b', 'c'].map(async (value) => {
        const jar = {};
        assert.equal((await send('GET', `/set/${value}`, { jar })).text, 'true');
        assert.equal((await send('GET', '/get', { jar })).text, JSON.stringify(value));
      }),
    );
    assert.equal(currentSession(), undefined);
  });

  test('the same cookie twice with different values is no credential', async (t) => {
    const app = application(open({ rule: policy }));
    app.get(everyPath, (req, res) => res.json(req.ficha.principal));
    answerErrors(app);
    const send = await serve(t, app);
    const headers = { Cookie: 'sid=a; sid=b' };
    assert.equal((await send('GET', '/me', { headers })).status, 401);
    assert.equal((await send('GET', '/public', { headers })).text, 'null');
  });
});
