// The behaviour that express-session documents, test by test, and the races that it has.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import express4 from 'express4';
import express5 from 'express';
import { Client, SessionGone } from 'ficha';
import { currentSession, requireFresh, requireRole, requireScope, sessions } from 'ficha/express';
import { serve, startRedis, useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();
const clients = [];
after(() => clients.forEach((client) => client.close()));

function open({ redis: connection, ...settings } = {}) {
  const cookie = { insecure_http: true, name: 'sid' };
  const client = new Client({ redis: { url: redis.url, ...connection }, cookie, ...settings });
  clients.push(client);
  return client;
}

const policy = [
  { path: '/login', allow: 'anyone' },
  { path: '/public', allow: 'anyone' },
  { path: '/admin/**', roles: ['admin'] },
  { path: '/**', allow: 'authenticated' },
];

for (const [version, express, everyPath] of [
  ['Express 4', express4, '*'],
  ['Express 5', express5, '/{*any}'],
]) {
  const application = (client, options) => {
    const app = express();
    app.set('env', 'test'); // no stack traces on the console
    app.use(sessions(client, options));
    return app;
  };
  const finish = (app) =>
    app.use((error, req, res, _next) => res.status(error.status ?? 500).json({ error: error.codeName ?? error.name }));

  describe(version, () => {
    test('a visitor for whom nothing is stored gets no cookie and no session in the store', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/', (req, res) => res.json({ id: req.session.id ?? null, keys: Object.keys(req.session) }));
      const before = client.stats().commands;
      const { text, setCookies } = await (await serve(t, app))('GET', '/');
      assert.deepEqual(JSON.parse(text), { id: null, keys: [] });
      assert.deepEqual(setCookies, []);
      assert.equal(client.stats().commands, before);
    });

    test('putting something in stores the session and sends its cookie, with no-store', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/', (req, res) => {
        req.session.views = (req.session.views ?? 0) + 1;
        res.json(req.session.views);
      });
      const send = await serve(t, app);
      const jar = {};
      const first = await send('GET', '/', { jar });
      assert.equal(first.text, '1');
      assert.match(first.setCookies[0], /^sid=fch1_[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/);
      assert.equal(first.headers['cache-control'], 'no-store');
      const second = await send('GET', '/', { jar });
      assert.equal(second.text, '2');
      assert.deepEqual(second.setCookies, []);
      assert.match(second.headers.vary, /Cookie/);
    });

    test('a request that changes nothing writes nothing', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/put', (req, res) => res.json((req.session.cart = { items: [1, { n: 2 }] })));
      app.get('/get', (req, res) => res.json(req.session.cart));
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/put', { jar });
      await send('GET', '/get', { jar });
      const before = client.stats().commands;
      assert.equal((await send('GET', '/get', { jar })).text, '{"items":[1,{"n":2}]}');
      assert.equal(client.stats().commands, before);
    });

    test('only what changed is written, nested changes and removals included', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/put', (req, res) => {
        Object.assign(req.session, { a: { deep: [1] }, b: 2, c: 3, d: 4 });
        res.end();
      });
      app.get('/change', async (req, res) => {
        req.session.a.deep.push(2);
        delete req.session.c;
        req.session.d = undefined;
        await client.patch(req.session.id, { set: { b: 'of another service' } });
        res.end();
      });
      app.get('/get', (req, res) => res.json(req.session));
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/put', { jar });
      await send('GET', '/change', { jar });
      assert.deepEqual(JSON.parse((await send('GET', '/get', { jar })).text), { a: { deep: [1, 2] }, b: 'of another service' });
    });

    test('parallel requests to one session lose nothing', async (t) => {
      const app = application(open());
      app.get('/start', (req, res) => res.json((req.session.start = true)));
      app.get('/set/:name', async (req, res) => {
        req.session[req.params.name] = true;
        await nextTurn();
        res.end();
      });
      app.get('/get', (req, res) => res.json(Object.keys(req.session).length));
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      await Promise.all(Array.from({ length: 100 }, (_, i) => send('GET', `/set/n${i}`, { jar })));
      assert.equal((await send('GET', '/get', { jar })).text, '101');
    });

    test('a redirect reads its own write', async (t) => {
      const app = application(open());
      app.get('/write/:value', (req, res) => {
        req.session.value = req.params.value;
        res.redirect('/read');
      });
      app.get('/read', (req, res) => res.send(String(req.session.value)));
      const send = await serve(t, app);
      const jar = {};
      for (let i = 0; i < 50; ++i) {
        const { status, headers } = await send('GET', `/write/${i}`, { jar });
        assert.equal(status, 302);
        assert.equal((await send('GET', headers.location, { jar })).text, String(i));
      }
    });

    test('a streamed response still carries the cookie of a new session', async (t) => {
      const app = application(open());
      app.get('/', (req, res) => {
        req.session.streamed = true;
        res.write('a');
        setImmediate(() => res.end('b'));
      });
      app.get('/get', (req, res) => res.json(req.session.streamed));
      const send = await serve(t, app);
      const jar = {};
      assert.equal((await send('GET', '/', { jar })).text, 'ab');
      assert.equal((await send('GET', '/get', { jar })).text, 'true');
    });

    test('what a streaming handler stores after its headers is stored before the response ends', async (t) => {
      const app = application(open());
      app.get('/start', (req, res) => res.json((req.session.n = 1)));
      app.get('/stream', (req, res) => {
        res.write('a');
        req.session.n = 2;
        res.end('b');
      });
      app.get('/get', (req, res) => res.json(req.session.n));
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      await send('GET', '/stream', { jar });
      assert.equal((await send('GET', '/get', { jar })).text, '2');
    });

    test('regenerate() gives an empty session under a new id, and the old one is gone', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/start', (req, res) => res.json((req.session.guest = true)));
      app.get('/regenerate', (req, res, next) => {
        const before = req.session;
        req.session.regenerate((error) => {
          if (error) return next(error);
          assert.notEqual(req.session, before);
          assert.deepEqual(Object.keys(req.session), []);
          req.session.user = 'alice';
          req.session.save((failure) => (failure ? next(failure) : res.json(req.session.id)));
        });
      });
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      const old = jar.cookie.slice('sid='.length);
      const { text } = await send('GET', '/regenerate', { jar });
      assert.notEqual(JSON.parse(text), client.sessionId(old));
      assert.equal(await client.load(old, { fresh: true }), null);
      assert.equal((await client.load(jar.cookie.slice('sid='.length))).attributes.user, 'alice');
    });

    test('destroy() ends the session and clears the cookie; req.session is undefined', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/start', (req, res) => res.json((req.session.user = 'alice')));
      app.get('/logout', (req, res, next) => {
        req.session.destroy((error) => (error ? next(error) : res.json(typeof req.session)));
      });
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      const token = jar.cookie.slice('sid='.length);
      const { text, setCookies } = await send('GET', '/logout', { jar });
      assert.equal(text, '"undefined"');
      assert.match(setCookies[0], /^sid=; Path=\/; Max-Age=0/);
      assert.equal(await client.load(token, { fresh: true }), null);
    });

    test('a request that is under way during a logout does not bring the session back', async (t) => {
      const client = open();
      const app = application(client);
      let reached, release;
      const isReached = new Promise((resolve) => (reached = resolve));
      const isReleased = new Promise((resolve) => (release = resolve));
      app.get('/start', (req, res) => res.json((req.session.user = 'alice')));
      app.get('/slow', async (req, res) => {
        req.session.late = true;
        reached();
        await isReleased;
        res.send('saved?');
      });
      app.get('/logout', (req, res) => req.session.destroy(() => res.end()));
      finish(app);
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      const { cookie } = jar;
      const slow = send('GET', '/slow', { jar: { cookie } });
      await isReached;
      await send('GET', '/logout', { jar });
      release();
      const answer = await slow;
      assert.equal(answer.status, 401);
      assert.deepEqual(JSON.parse(answer.text), { error: 'session_gone' });
      assert.equal(await client.load(cookie.slice('sid='.length), { fresh: true }), null);
    });

    test('reload() reads again what others wrote; it fails when the session is gone', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/start', (req, res) => res.json((req.session.n = 1)));
      app.get('/reload', async (req, res) => {
        await client.patch(req.session.id, { set: { n: 2 } });
        req.session.n = 'to be forgotten';
        req.session.reload((error) => res.json([error ?? null, req.session.n]));
      });
      app.get('/gone', async (req, res) => {
        await client.revoke(req.session.id);
        req.session.reload((error) => res.json(error instanceof SessionGone));
      });
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      assert.equal((await send('GET', '/reload', { jar })).text, '[null,2]');
      assert.equal((await send('GET', '/gone', { jar })).text, 'true');
    });

    test('save() stores before the response, and resolves without a callback too', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/', async (req, res) => {
        req.session.n = 1;
        await req.session.save();
        const { token } = req.ficha.session;
        res.json((await client.load(token, { fresh: true })).attributes);
      });
      assert.equal((await (await serve(t, app))('GET', '/')).text, '{"n":1}');
    });

    test('touch() returns the session; req.sessionID is its id', async (t) => {
      const app = application(open());
      app.get('/start', (req, res) => res.json((req.session.n = 1)));
      app.get('/', (req, res) => res.json([req.session.touch() === req.session, req.sessionID === req.session.id]));
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      assert.equal((await send('GET', '/', { jar })).text, '[true,true]');
    });

    test('req.session.cookie tells the configuration, and limits the life of a session to be stored', async (t) => {
      const client = open({ cookie: { insecure_http: true, name: 'sid', persistent: true } });
      const app = application(client);
      app.get('/', (req, res) => {
        const { path, httpOnly, secure, sameSite } = req.session.cookie;
        req.session.cookie.maxAge = 60_000;
        req.session.n = 1;
        res.json({ path, httpOnly, secure, sameSite });
      });
      app.get('/left', (req, res) => res.json(req.session.cookie.maxAge));
      const send = await serve(t, app);
      const jar = {};
      const { text, setCookies } = await send('GET', '/', { jar });
      assert.deepEqual(JSON.parse(text), { path: '/', httpOnly: true, secure: false, sameSite: 'lax' });
      assert.match(setCookies[0], /Max-Age=(59|60);/);
      const left = JSON.parse((await send('GET', '/left', { jar })).text);
      assert.ok(left > 50_000 && left <= 61_000, String(left));
    });

    test('rolling sends the cookie with every response of a stored session', async (t) => {
      const app = application(open(), { rolling: true });
      app.get('/start', (req, res) => res.json((req.session.n = 1)));
      app.get('/', (req, res) => res.end());
      const send = await serve(t, app);
      const jar = {};
      assert.deepEqual((await send('GET', '/', { jar })).setCookies, []);
      await send('GET', '/start', { jar });
      const { setCookies } = await send('GET', '/', { jar });
      assert.equal(setCookies[0].split(';')[0], jar.cookie);
    });

    test('req.session = null keeps the stored session, or ends it with unset: "destroy"', async (t) => {
      for (const unset of ['keep', 'destroy']) {
        const client = open();
        const app = application(client, { unset });
        app.get('/start', (req, res) => res.json((req.session.n = 1)));
        app.get('/unset', (req, res) => {
          req.session.n = 2;
          req.session = null;
          res.end();
        });
        const send = await serve(t, app);
        const jar = {};
        await send('GET', '/start', { jar });
        const token = jar.cookie.slice('sid='.length);
        await send('GET', '/unset', { jar });
        const left = await client.load(token, { fresh: true });
        assert.equal(left?.attributes.n, unset === 'keep' ? 1 : undefined);
      }
    });

    test('a value that JSON has not is an error that names the attribute, and nothing is stored', async (t) => {
      const app = application(open());
      app.get('/', (req, res) => {
        req.session.callback = { nested: () => 1 };
        res.send('as if it were stored');
      });
      app.use((error, req, res, _next) => res.status(error.status).send(error.message));
      const { status, text, setCookies } = await (await serve(t, app))('GET', '/');
      assert.equal(status, 400);
      assert.equal(text, 'attribute "callback": JSON has no function');
      assert.deepEqual(setCookies, []);
    });

    test('integers beyond 2^53 come back as BigInt', async (t) => {
      const app = application(open());
      app.get('/start', (req, res) => {
        req.session.big = { list: [2n ** 62n, -(2n ** 60n)], small: 7n };
        res.end();
      });
      app.get('/', (req, res) => {
        assert.deepEqual(req.session.big, { list: [2n ** 62n, -(2n ** 60n)], small: 7 });
        res.end('equal');
      });
      const send = await serve(t, app);
      const jar = {};
      await send('GET', '/start', { jar });
      assert.equal((await send('GET', '/', { jar })).text, 'equal');
    });

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
      finish(app);
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
      finish(app);
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
      finish(app);
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

    test('the same cookie twice with different values is refused', async (t) => {
      const app = application(open());
      app.get('/', (req, res) => res.end());
      finish(app);
      assert.equal((await (await serve(t, app))('GET', '/', { headers: { Cookie: 'sid=a; sid=b' } })).status, 400);
    });

    test('an attribute of another service cannot shadow a method of the session', async (t) => {
      const client = open();
      const app = application(client);
      app.get('/', (req, res) => {
        req.session.n = 1;
        res.json(typeof req.session.save);
      });
      const session = await client.create('alice', { attributes: { save: 'x', __proto__: null, constructor: 1 } });
      const send = await serve(t, app);
      assert.equal((await send('GET', '/', { headers: { Cookie: `sid=${session.token}` } })).text, '"function"');
      const stored = await client.load(session.token, { fresh: true });
      assert.deepEqual({ ...stored.attributes }, { save: 'x', constructor: 1, n: 1 });
    });
  });
}
