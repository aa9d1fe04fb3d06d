// `req.session.cookie`, by which an application remembers its users for longer, or not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { patient, serve } from './helpers.mjs';

const open = useClients();
const day = 86_400;

onEveryExpress((application) => {
  async function service(t, settings) {
    const client = open(settings);
    const app = application(client);
    app.get('/start', (req, res) => res.json((req.session.n = 1)));
    app.get('/remember', (req, res) => {
      req.session.cookie.maxAge = 7 * day * 1000;
      res.json([req.session.cookie.originalMaxAge, req.session.cookie.maxAge]);
    });
    app.get('/forget', (req, res) => {
      req.session.cookie.expires = false;
      res.json(req.session.cookie.maxAge);
    });
    app.get('/same', (req, res) => {
      const { maxAge, expires } = req.session.cookie;
      Object.assign(req.session.cookie, { maxAge, expires });
      res.end();
    });
    app.get('/late', (req, res) =>
      req.session.regenerate(() => {
        req.session.user = 1;
        req.session.save(() => {
          req.session.cookie.maxAge = 7 * day * 1000;
          res.end();
        });
      }),
    );
    app.get('/look', (req, res) => res.json([req.session.cookie.originalMaxAge, req.session.cookie.maxAge]));
    app.get('/bad', (req, res) => {
      req.session.cookie.maxAge = NaN;
      res.end();
    });
    answerErrors(app);
    const send = await serve(t, app);
    const stored = async (jar) => client.load(jar.cookie.slice('sid='.length), { fresh: true });
    return { send, stored };
  }

  for (const path of ['/remember', '/late']) {
    test(`cookie and session live together when maxAge is set on a stored session: ${path}`, async (t) => {
      const { send, stored } = await service(t, { session: { idle_timeout: '30m', absolute_timeout: '12h' } });
      const jar = {};
      await send('GET', '/start', { jar });
      const { setCookies } = await send('GET', path, { jar });
      assert.match(setCookies.at(-1), /; Max-Age=604800/);
      const session = await stored(jar);
      assert.equal(session.idleSeconds, 7 * day);
      assert.ok(Math.abs(session.expiresAt - Date.now() / 1000 - 7 * day) < 60);
      const [original, maxAge] = JSON.parse((await send('GET', '/look', { jar })).text);
      assert.equal(original, 7 * day * 1000);
      assert.ok(maxAge <= original && maxAge > original - 60_000);
    });
  }

  test('a session that is remembered can be forgotten again, and an unchanged one is not written', async (t) => {
    const { send, stored } = await service(t, { ...patient, session: { idle_timeout: '30m', absolute_timeout: '12h' } });
    const jar = {};
    await send('GET', '/start', { jar });
    await stored(jar);
    const asked = await open.asked();
    assert.deepEqual((await send('GET', '/forget', { jar })).setCookies, []);
    assert.equal((await send('GET', '/same', { jar })).status, 200);
    assert.equal(await open.asked(), asked);
    await send('GET', '/remember', { jar });
    assert.equal((await send('GET', '/same', { jar })).status, 200);
    const { setCookies, text } = await send('GET', '/forget', { jar });
    assert.equal(text, 'null');
    assert.doesNotMatch(setCookies[0], /max-age/i);
    assert.equal((await stored(jar)).idleSeconds, 1800);
  });

  test('what is no duration is an error of the request, not of the process', async (t) => {
    const { send } = await service(t);
    assert.equal((await send('GET', '/bad')).status, 400);
  });

  test('the id of a session that is not stored yet is the one under which it is stored, and no other visitor has it', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/id', (req, res) => res.json([req.session.id, req.sessionID]));
    app.get('/store', async (req, res) => {
      const { id } = req.session;
      req.session.a = 1;
      await req.session.save();
      res.json([id, req.session.id, req.sessionID]);
    });
    app.get('/again', async (req, res) => {
      const { id } = req.session;
      await req.session.regenerate();
      const next = req.session.id;
      req.session.b = 1;
      res.json([id, next]);
    });
    app.get('/assign', (req, res) => {
      req.sessionID = 'chosen';
      res.end();
    });
    answerErrors(app);
    const send = await serve(t, app);
    const json = async (path, jar) => JSON.parse((await send('GET', path, { jar })).text);
    const [first, second] = [await json('/id'), await json('/id')];
    assert.match(first[0], /^[\w-]{24}$/);
    assert.equal(first[0], first[1]);
    assert.notEqual(first[0], second[0]);
    const jar = {};
    const stored = await json('/store', jar);
    assert.deepEqual(new Set(stored).size, 1);
    assert.equal(stored[0], client.sessionId(jar.cookie.slice('sid='.length)));
    const [before, after] = await json('/again', jar);
    assert.equal(before, stored[0]);
    assert.notEqual(after, before);
    assert.equal(after, client.sessionId(jar.cookie.slice('sid='.length)));
    assert.equal((await send('GET', '/assign', { jar })).status, 500);
  });

  test('with rolling, a remembered session lives from its last use, and its cookie with it', async (t) => {
    const client = open({ session: { idle_timeout: '30m', absolute_timeout: '30d' } });
    const app = application(client, { rolling: true });
    app.get('/', (req, res) => {
      if (req.query.remember) req.session.cookie.maxAge = 7 * day * 1000;
      req.session.n ??= 1;
      res.end();
    });
    const send = await serve(t, app);
    const jar = {};
    for (const path of ['/?remember=1', '/']) {
      assert.match((await send('GET', path, { jar })).setCookies[0], /; Max-Age=604800; /);
    }
    const session = await client.load(jar.cookie.slice('sid='.length), { fresh: true });
    assert.equal(session.idleSeconds, 7 * day);
    assert.ok(Math.abs(session.expiresAt - Date.now() / 1000 - 30 * day) < 60);
  });

  test('cookie.expires = false makes a cookie that ends with the browser, where others are persistent', async (t) => {
    const client = open({ cookie: { insecure_http: true, name: 'sid', persistent: true } });
    const app = application(client);
    app.get('/:who', async (req, res) => {
      req.session.n = 1;
      if (req.params.who === 'stranger-who-logs-in') await req.ficha.login('ada');
      if (req.params.who !== 'known') req.session.cookie.expires = false;
      res.json(req.session.cookie.maxAge);
    });
    const send = await serve(t, app);
    assert.match((await send('GET', '/known')).setCookies[0], /Max-Age/);
    const jar = {};
    for (const path of ['/stranger', '/stranger-who-logs-in']) {
      const { text, setCookies } = await send('GET', path, { jar });
      assert.equal(text, 'null');
      assert.doesNotMatch(setCookies.at(-1), /Max-Age|Expires/);
    }
    assert.deepEqual((await send('GET', '/stranger', { jar })).setCookies, []);
  });

  test('what of the cookie the configuration says can be assigned no other value, and none is lost in silence', async (t) => {
    const app = application(open());
    app.get('/same', (req, res) => {
      Object.assign(req.session.cookie, { path: '/', httpOnly: true, secure: false, sameSite: 'Lax', domain: undefined });
      res.json({ ...req.session.cookie });
    });
    app.get('/:name/:value', (req, res) => {
      req.session.cookie[req.params.name] = req.params.value;
      res.end();
    });
    app.use((error, req, res, _next) => res.status(error.status).json(error.message));
    const send = await serve(t, app);
    const { text } = await send('GET', '/same');
    assert.deepEqual(JSON.parse(text), { path: '/', httpOnly: true, secure: false, sameSite: 'lax' });
    for (const [name, says] of Object.entries({ secure: 'insecure_http', sameSite: 'same_site', domain: 'domain', path: 'path' })) {
      const { status, text: message } = await send('GET', `/${name}/other`);
      assert.equal(status, 400);
      assert.match(message, new RegExp(says));
    }
  });

  test('an explicit save() stores a session with nothing in it, so that its id stays', async (t) => {
    const app = application(open());
    app.get('/id', async (req, res) => {
      if (!req.ficha.id) await req.session.save();
      res.json(req.session.id);
    });
    app.get('/self', (req, res) => {
      req.session = req.session || {};
      req.session.a = 1;
      res.json(req.session.a);
    });
    const send = await serve(t, app);
    const jar = {};
    const { text } = await send('GET', '/id', { jar });
    assert.match(text, /^".{24}"$/);
    assert.equal((await send('GET', '/id', { jar })).text, text);
    assert.equal((await send('GET', '/self', { jar })).text, '1');
  });
});
