// The behaviour that express-session documents, test by test, and the races that it has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SessionGone } from 'ficha';
import { sessions } from 'ficha/express';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { patient, serve } from './helpers.mjs';

const open = useClients();

onEveryExpress((application, _everyPath, express) => {
  test('a visitor for whom nothing is stored gets no cookie and no session in the store', async (t) => {
    const app = application(open());
    app.get('/', (req, res) => res.json({ id: typeof req.session.id, keys: Object.keys(req.session) }));
    const before = await open.asked();
    const { text, setCookies } = await (await serve(t, app))('GET', '/');
    assert.deepEqual(JSON.parse(text), { id: 'string', keys: [] });
    assert.deepEqual(setCookies, []);
    assert.equal(await open.asked(), before);
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
    const app = application(open(patient));
    app.get('/put', (req, res) => res.json((req.session.cart = { items: [1, { n: 2 }] })));
    app.get('/get', (req, res) => res.json(req.session.cart));
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/put', { jar });
    await send('GET', '/get', { jar });
    const before = await open.asked();
    assert.equal((await send('GET', '/get', { jar })).text, '{"items":[1,{"n":2}]}');
    assert.equal(await open.asked(), before);
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
    answerErrors(app);
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

  test('a session found in a mounted application is there, and saved, in the one around it', async (t) => {
    const client = open();
    const [outer, inner] = [express(), express()];
    inner.use(sessions(client, { prefix: '' }));
    outer.use('/inner', inner);
    outer.get('/inner/views', (req, res) => res.json((req.session.views = (req.session.views ?? 0) + 1)));
    const send = await serve(t, outer);
    const jar = {};
    assert.equal((await send('GET', '/inner/views', { jar })).text, '1');
    assert.equal((await send('GET', '/inner/views', { jar })).text, '2');
  });

  test('requests that do not come through sessions() have req.session and req.sessionID to themselves', async (t) => {
    const app = express();
    app.use('/ours', sessions(open(), { prefix: '' }));
    app.use('/theirs', (req, res, next) => {
      const before = [req.session, req.sessionID].map((value) => typeof value);
      req.session = { before };
      req.sessionID = 'theirs';
      next();
    });
    app.use((req, res) => res.json([Object.keys(req.session), req.session.before, req.sessionID]));
    const send = await serve(t, app);
    for (let i = 0; i < 2; ++i) {
      assert.match((await send('GET', '/ours')).text, /^\[\[\],null,"[\w-]{24}"\]$/);
      assert.equal((await send('GET', '/theirs')).text, '[["before"],["undefined","undefined"],"theirs"]');
    }
  });

  test('sessions() takes the place of a req.session that another middleware made', async (t) => {
    const client = open();
    const app = express();
    app.use((req, res, next) => {
      req.session = { theirs: true };
      next();
    });
    app.use(sessions(client));
    app.get('/', (req, res) => res.json([(req.session.n = (req.session.n ?? 0) + 1), req.session.theirs, req.sessionID === req.session.id]));
    const send = await serve(t, app);
    const jar = {};
    assert.equal((await send('GET', '/', { jar })).text, '[1,null,true]');
    assert.equal((await send('GET', '/', { jar })).text, '[2,null,true]');
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
    assert.match(setCookies[0], /^[^;]*; Path=\/; Max-Age=60; HttpOnly; SameSite=Lax$/);
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

  for (const [how, unsetSession] of [
    ['req.session = null', (req) => (req.session = null)],
    ['delete req.session', (req) => delete req.session],
  ]) {
    test(`${how} keeps the stored session, or ends it with unset: "destroy"`, async (t) => {
      for (const unset of ['keep', 'destroy']) {
        const client = open();
        const app = application(client, { unset });
        app.get('/start', (req, res) => res.json((req.session.n = 1)));
        app.get('/unset', (req, res) => {
          req.session.n = 2;
          unsetSession(req);
          res.json(req.session ?? 'unset');
        });
        const send = await serve(t, app);
        const jar = {};
        await send('GET', '/start', { jar });
        const token = jar.cookie.slice('sid='.length);
        assert.equal((await send('GET', '/unset', { jar })).text, '"unset"');
        const left = await client.load(token, { fresh: true });
        assert.equal(left?.attributes.n, unset === 'keep' ? 1 : undefined);
      }
    });
  }

  test('regenerate() and destroy() at once run one after another', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/start', (req, res) => res.json((req.session.user = 'alice')));
    const together = (...operations) => async (req, res) => {
      const { session } = req;
      await Promise.all(operations.map((name) => session[name]()));
      if (req.session) req.session.last = operations.at(-1);
      res.json(typeof req.session);
    };
    app.get('/end', together('regenerate', 'destroy', 'destroy'));
    app.get('/new', together('destroy', 'save', 'regenerate', 'regenerate'));
    const send = await serve(t, app);
    for (const [path, type] of [['/end', 'undefined'], ['/new', 'object']]) {
      const jar = {};
      await send('GET', '/start', { jar });
      const token = jar.cookie.slice('sid='.length);
      const { text, setCookies } = await send('GET', path, { jar });
      assert.deepEqual([text, setCookies.length], [`"${type}"`, 1]);
      assert.equal(await client.load(token, { fresh: true }), null);
      assert.equal(jar.cookie === undefined, type === 'undefined');
    }
  });

  test('cookie.maxAge = null and cookie.expires = false take a limit back', async (t) => {
    const app = application(open());
    app.get('/', (req, res) => {
      const { cookie } = req.session;
      const ages = [];
      for (const forget of [() => (cookie.maxAge = null), () => (cookie.expires = false), () => (cookie.expires = null)]) {
        cookie.expires = new Date(Date.now() + 60_000);
        ages.push(cookie.maxAge > 0);
        forget();
        ages.push(cookie.maxAge);
      }
      req.session.n = 1;
      res.json(ages);
    });
    const { text, setCookies } = await (await serve(t, app))('GET', '/');
    assert.equal(text, '[true,null,true,null,true,null]');
    assert.doesNotMatch(setCookies[0], /Max-Age|Expires/);
  });
});
