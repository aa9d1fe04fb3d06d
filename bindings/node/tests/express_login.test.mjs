// A login in a request: whose attributes go along, and what the request may do from then on.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decision } from 'ficha';
import { requireRole } from 'ficha/express';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { serve } from './helpers.mjs';

const open = useClients();
const tokenIn = (jar) => jar.cookie.slice('sid='.length);

onEveryExpress((application) => {
  test('a login carries over what another request put into the visitor\'s session meanwhile', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/start', (req, res) => res.json((req.session.cart = ['book'])));
    app.post('/login', async (req, res) => {
      delete req.session.cart;
      req.session.seen = true;
      await client.patch(req.session.id, { set: { coupon: 'of another request' } });
      await req.ficha.login('alice');
      res.json({ ...req.session });
    });
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/start', { jar });
    const expected = { coupon: 'of another request', seen: true };
    assert.deepEqual(JSON.parse((await send('POST', '/login', { jar })).text), expected);
    assert.deepEqual({ ...(await client.load(tokenIn(jar), { fresh: true })).attributes }, expected);
  });

  test('a visitor whose session a parallel login took, as a second click does, logs in with what this request put in', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/start', (req, res) => res.json((req.session.cart = ['book'])));
    app.post('/login/:name', async (req, res, next) => {
      req.session.cart.push('pen');
      if (req.params.name === 'visitor') await client.login(req.session.id, 'alice');
      else await client.revoke(req.session.id);
      req.session.put('seen', 'login', true);
      await req.ficha.login('alice').then(() => res.json({ ...req.session }), next);
    });
    answerErrors(app);
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/start', { jar });
    assert.deepEqual(JSON.parse((await send('POST', '/login/visitor', { jar })).text), { cart: ['book', 'pen'], seen: { login: true } });
    assert.equal((await send('POST', '/login/alice', { jar })).status, 401);
  });

  test('to another principal\'s login nothing goes along but what this request put in', async (t) => {
    const client = open();
    const app = application(client);
    app.post('/login/:keep', async (req, res) => {
      const { session } = req;
      session.theme = 'light';
      session.new = { a: 1 };
      delete session.cart;
      session.put('pref', 'own', 3).put('pref', 'gone', 4).put('pref', '__proto__', 5).take('pref', 'gone');
      session.take('seen', 'alice');
      await req.ficha.login('bob', { attributes: { given: true }, keepAttributes: req.params.keep === 'keep' });
      res.json({ ...req.session });
    });
    const send = await serve(t, app);
    const attributes = { cart: [1], theme: 'dark', left: 1, pref: { old: 1 }, seen: { alice: 1, too: 2 } };
    const login = async (keep) => {
      const { id, token } = await client.create('alice', { attributes });
      const { text } = await send('POST', `/login/${keep}`, { headers: { Cookie: `sid=${token}` } });
      assert.equal(await client.find(id), null);
      return text;
    };
    const kept = JSON.parse('{"given":true,"new":{"a":1},"pref":{"own":3,"__proto__":5},"theme":"light"}');
    assert.deepEqual(JSON.parse(await login('keep')), kept);
    assert.equal(await login('drop'), '{"given":true}');
  });

  test('after a login or a logout the request is judged on the session it has then, by the core', async (t) => {
    const client = open({ rule: [{ path: '/**', allow: 'anyone' }] });
    const app = application(client);
    const login = (req, res, next) => void req.ficha.login('root', { roles: ['admin'] }).then(() => next(), next);
    const logout = (req, res, next) => void req.ficha.logout().then(() => next(), next);
    const tell = (req, res) => {
      const { decision } = req.ficha;
      assert.ok(decision instanceof Decision && decision === req.ficha.decision);
      res.json([decision.allowed, decision.reason, decision.rule, decision.session?.principal ?? null]);
    };
    app.get('/in', login, requireRole('admin'), tell);
    app.get('/out', logout, tell);
    app.get('/ended', logout, requireRole('admin'), tell);
    answerErrors(app);
    const send = await serve(t, app);
    const jar = {};
    assert.equal((await send('GET', '/in', { jar })).text, '[true,"allowed",0,"root"]');
    const headers = { Cookie: jar.cookie };
    assert.equal((await send('GET', '/out', { headers })).text, '[true,"allowed_anonymous",0,null]');
    const { token } = await client.create('root', { roles: ['admin'] });
    const ended = await send('GET', '/ended', { headers: { Cookie: `sid=${token}` } });
    assert.deepEqual([ended.status, ended.headers['www-authenticate']], [401, 'Bearer error="invalid_token"']);
  });

  test('an error about the session tells the client what to do, in the fields of the response as well', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/', async (req, res) => {
      req.session.n = 1;
      await client.revoke(req.session.id);
      res.json('as if it were stored');
    });
    answerErrors(app);
    const { token } = await client.create('alice');
    const gone = await (await serve(t, app))('GET', '/', { headers: { Cookie: `sid=${token}` } });
    assert.deepEqual([gone.status, gone.headers['www-authenticate']], [401, 'Bearer error="invalid_token"']);
  });
});
