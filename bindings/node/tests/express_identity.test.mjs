// Who somebody is: written by the framework's own login, and by nothing that names an attribute.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import Fastify from 'fastify';
import { sessions as fastifySessions } from 'ficha/fastify';
import { sessions } from 'ficha/express';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { serve } from './helpers.mjs';

const open = useClients();
const tokenOf = (jar) => jar.cookie.slice('sid='.length);

onEveryExpress((application, everyPath, express) => {
  // A service as the quickstart is: Passport, and an endpoint that lets clients name what they write.
  async function service(t, authentication = {}) {
    const client = open();
    const app = application(client);
    const passport = new Passport();
    passport.use(new Strategy((name, password, done) => done(null, { name })));
    passport.serializeUser((user, done) => done(null, user.name));
    passport.deserializeUser((name, done) => done(null, { name }));
    app.use(express.json(), express.urlencoded({ extended: false }), passport.initialize(), passport.session());
    app.post('/login', passport.authenticate('local', authentication), (req, res) => res.json(req.user.name));
    app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.end())));
    app.put('/attributes/:name', (req, res) => {
      req.session[req.params.name] = req.body;
      res.end();
    });
    app.put('/attributes/:name/:key', (req, res) => {
      (req.session[req.params.name] ??= {})[req.params.key] = req.body.value;
      res.end();
    });
    app.delete('/attributes/:name', (req, res) => {
      delete req.session[req.params.name];
      res.end();
    });
    app.get('/me', (req, res) => res.json(req.user?.name ?? null));
    answerErrors(app);
    const send = await serve(t, app);
    const json = { 'Content-Type': 'application/json' };
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return {
      client,
      app,
      send,
      login: (jar, name) => send('POST', '/login', { jar, headers: form, body: `username=${name}&password=x` }),
      put: (jar, path, value) => send('PUT', `/attributes/${path}`, { jar, headers: json, body: JSON.stringify(value) }),
      me: async (jar) => JSON.parse((await send('GET', '/me', { jar })).text),
    };
  }

  test("Passport's user is a protected attribute, which no ordinary one of its name is read as", async (t) => {
    const { client, login, me } = await service(t);
    const jar = {};
    assert.equal((await login(jar, 'ada')).text, '"ada"');
    const session = await client.load(tokenOf(jar), { fresh: true });
    assert.deepEqual({ ...session.attributes }, {});
    assert.deepEqual({ ...session.protected }, { passport: { user: 'ada' } });
    assert.equal(await me(jar), 'ada');
    await client.patch(session, { set: { passport: { user: 'administrator' } } });
    assert.equal(await me(jar), 'ada');
    const forged = await client.create('', { attributes: { passport: { user: 'administrator' } } });
    assert.equal(await me({ cookie: `sid=${forged.token}` }), null);
  });

  test('a client that names "passport" becomes nobody, in any spelling of the write', async (t) => {
    const { put, login, me, client } = await service(t);
    const jar = {};
    assert.equal((await put(jar, 'theme', { dark: true })).status, 200);
    assert.equal((await put(jar, 'passport', { user: 'administrator' })).status, 400);
    assert.equal((await put(jar, 'passport/user', { value: 'administrator' })).status, 400);
    assert.equal((await put({}, 'passport', { user: 'administrator' })).status, 400);
    assert.equal(await me(jar), null);
    await login(jar, 'ada');
    assert.equal((await put(jar, 'passport', { user: 'administrator' })).status, 400);
    assert.equal((await put(jar, 'passport/user', { value: 'administrator' })).status, 400);
    assert.equal((await put(jar, 'passport/toString', { value: 'administrator' })).status, 400);
    assert.equal(await me(jar), 'ada');
    assert.deepEqual({ ...(await client.load(tokenOf(jar), { fresh: true })).protected }, { passport: { user: 'ada' } });
  });

  test('no name leads to what all sessions have in common', async (t) => {
    const { app, login, put, send } = await service(t);
    app.get('/is-admin', (req, res) => res.json([req.session.isAdmin ?? null, typeof req.session.put]));
    const [mallory, visitor] = [{}, {}];
    await login(mallory, 'mallory');
    for (const path of ['__proto__/isAdmin', '__proto__/put', 'constructor/prototype', 'constructor/isAdmin']) {
      await put(mallory, path, { value: true });
    }
    assert.equal((await send('GET', '/is-admin', { jar: visitor })).text, '[null,"function"]');
  });

  test('the identity can be removed at any time, and goes with a logout', async (t) => {
    const { send, login, me, client } = await service(t);
    const jar = {};
    await login(jar, 'ada');
    assert.equal((await send('DELETE', '/attributes/passport', { jar })).status, 200);
    assert.equal(await me(jar), null);
    assert.deepEqual({ ...(await client.load(tokenOf(jar), { fresh: true })).protected }, {});
    await login(jar, 'ada');
    const before = tokenOf(jar);
    assert.equal((await send('POST', '/logout', { jar })).status, 200);
    assert.equal(await client.load(before, { fresh: true }), null);
  });

  test('keepSessionInfo carries attributes over, and the identity only as the login says it', async (t) => {
    const { app, put, login, me } = await service(t, { keepSessionInfo: true });
    app.get('/theme', (req, res) => res.json(req.session.theme));
    const jar = {};
    await put(jar, 'theme', { dark: true });
    await login(jar, 'ada');
    await login(jar, 'bob');
    assert.equal(await me(jar), 'bob');
  });

  test('the window closes with save(): what is changed behind it is refused or never stored', async (t) => {
    const { app, client, send } = await service(t);
    app.get('/window', async (req, res) => {
      const outcomes = [];
      const attempt = (write) => {
        try {
          write();
          outcomes.push('ok');
        } catch (error) {
          outcomes.push(error.codeName);
        }
      };
      attempt(() => (req.session.passport = { user: 'a' }));
      await req.session.regenerate();
      attempt(() => (req.session.passport = { user: 'ada', roles: ['x'] }));
      const { passport } = req.session;
      await req.session.save();
      passport.user = 'administrator';
      attempt(() => (req.session.passport.user = 'administrator'));
      attempt(() => Object.assign(req.session, { passport: { user: 'administrator' } }));
      attempt(() => Object.assign(req.session, { passport: req.session.passport }));
      attempt(() => req.session.passport.roles.push('y'));
      attempt(() => delete req.session.passport.roles);
      req.session.n = 1;
      res.json(outcomes);
    });
    app.get('/defined', (req, res) => {
      Object.defineProperty(req.session, 'passport', { value: { user: 'administrator' }, enumerable: true, configurable: true });
      res.end();
    });
    answerErrors(app);
    const jar = {};
    const { text } = await send('GET', '/window', { jar });
    const refused = 'invalid_argument';
    assert.deepEqual(JSON.parse(text), [refused, 'ok', refused, refused, 'ok', 'ok', 'ok']);
    assert.deepEqual({ ...(await client.load(tokenOf(jar), { fresh: true })).protected }, { passport: { user: 'ada' } });
    assert.equal((await send('GET', '/defined', { jar })).status, 400);
  });

  test("a login behind Passport's makes the principal, and the user goes along; another request's does not", async (t) => {
    const { app, client, login, send } = await service(t);
    const jar = {};
    app.post('/principal/:name', async (req, res) => {
      await req.ficha.login(req.params.name);
      res.end();
    });
    await login(jar, 'mallory'); // a session that somebody else may have planted
    await send('POST', '/principal/ada', { jar });
    const session = await client.load(tokenOf(jar), { fresh: true });
    assert.deepEqual([session.principal, { ...session.protected }], ['ada', {}]);
  });

  test('other names can be identities, and other names than Passport\'s are not', async (t) => {
    const client = open();
    const app = application(client, { identityNames: ['userId'] });
    app.get('/login', async (req, res) => {
      await req.session.regenerate();
      req.session.userId = 7;
      res.end();
    });
    app.get('/set', (req, res) => {
      req.session.userId = 8;
      res.end();
    });
    app.get('/ordinary', (req, res) => res.json((req.session.passport = 1)));
    app.get('/get', (req, res) => res.json([req.session.userId ?? null, Object.keys(req.session)]));
    answerErrors(app);
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/login', { jar });
    assert.equal((await send('GET', '/get', { jar })).text, '[7,["userId"]]');
    assert.equal((await send('GET', '/set', { jar })).status, 400);
    assert.equal((await send('GET', '/get', { jar })).text, '[7,["userId"]]');
    assert.equal((await send('GET', '/ordinary', { jar })).status, 200);
    assert.equal((await send('GET', '/get', { jar })).text, '[7,["passport","userId"]]');
    assert.throws(() => sessions(client, { identityNames: ['cookie'] }), TypeError);
  });
});

test("Fastify: Passport's name is an identity as well", async (t) => {
  const client = open();
  const app = Fastify();
  await app.register(fastifySessions, { client });
  t.after(() => app.close());
  app.get('/login', async (request) => {
    await request.session.regenerate();
    request.session.passport = 'ada';
    await request.session.save();
    return 'in';
  });
  app.get('/forge', async (request) => (request.session.passport = 'administrator'));
  app.get('/me', async (request) => ({ me: request.session.passport ?? null }));
  const send = (url, cookie) => app.inject({ url, headers: { 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }) } });
  const cookie = (await send('/login')).headers['set-cookie'].split(';')[0];
  assert.equal((await send('/me', cookie)).body, '{"me":"ada"}');
  assert.equal((await send('/forge', cookie)).statusCode, 400);
  assert.equal((await send('/forge')).statusCode, 400);
  assert.equal((await send('/me', cookie)).body, '{"me":"ada"}');
});
