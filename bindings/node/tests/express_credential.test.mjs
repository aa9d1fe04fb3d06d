// Once a request is judged, nothing that keeps requests finds a live token in it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import Fastify from 'fastify';
import { sessions as fastifySessions } from 'ficha/fastify';
import { onEveryExpress, useClients } from './express_applications.mjs';
import { serve } from './helpers.mjs';

const open = useClients();

const seen = (req) => ({
  cookie: req.headers.cookie ?? null,
  authorization: req.headers.authorization ?? null,
  raw: req.rawHeaders.filter((_, i, all) => /^(cookie|authorization)$/i.test(all[i & ~1])),
  distinct: [req.headersDistinct.cookie ?? null, req.headersDistinct.authorization ?? null],
  user: [req.headers['x-user'] ?? null, req.headers.x_user ?? null],
  host: req.headers.host === req.headersDistinct.host[0],
});

onEveryExpress((application) => {
  async function service(t, settings, options) {
    const client = open(settings);
    const app = application(client, options);
    app.get('/seen', (req, res) => res.json(seen(req)));
    app.get('/everything', (req, res) => res.send(inspect([req, res], { depth: 12, showHidden: true, maxArrayLength: null })));
    app.get('/forward', (req, res) => res.json(req.ficha.credential.forward()));
    app.get('/shown', (req, res) => res.send(inspect(req.ficha, { depth: 9 }) + JSON.stringify(req.ficha.credential)));
    app.post('/login', async (req, res) => {
      await req.ficha.login('bob');
      res.json(req.ficha.credential.forward());
    });
    app.post('/logout', async (req, res) => {
      await req.ficha.logout();
      res.json(req.ficha.credential.forward());
    });
    const { token } = await client.create('ada');
    return { client, send: await serve(t, app), token };
  }

  test('our cookie is hidden, and every other stays byte by byte', async (t) => {
    const { send, token } = await service(t);
    const cases = [
      [`sid=${token}`, null],
      [`a=1; sid=${token};  b="x y"`, 'a=1;  b="x y"'],
      [`sid=${token}; a=1`, 'a=1'],
      [`a=1;sid=${token}`, 'a=1'],
      [`SID=other; xsid=1; sid=${token}`, 'SID=other; xsid=1'],
      ['a=1,2; b', 'a=1,2; b'],
    ];
    for (const [sent, left] of cases) {
      const view = JSON.parse((await send('GET', '/seen', { headers: { Cookie: sent } })).text);
      assert.equal(view.cookie, left, sent);
      assert.deepEqual(view.raw, left === null ? [] : ['Cookie', left]);
      assert.deepEqual(view.distinct, [left === null ? null : [left], null]);
      assert.ok(view.host);
    }
  });

  test('our Bearer token is hidden, and what is not ours stays', async (t) => {
    const { send, token } = await service(t);
    const ours = JSON.parse((await send('GET', '/seen', { headers: { Authorization: `Bearer ${token}` } })).text);
    assert.deepEqual([ours.authorization, ours.raw, ours.distinct], [null, [], [null, null]]);
    const basic = JSON.parse((await send('GET', '/seen', { headers: { Authorization: 'Basic eDp5' } })).text);
    assert.deepEqual([basic.authorization, basic.distinct[1]], ['Basic eDp5', ['Basic eDp5']]);
  });

  test('nothing that can be reached from the request shows the token', async (t) => {
    const { send, token } = await service(t);
    for (const headers of [{ Cookie: `sid=${token}; a=1` }, { Authorization: `Bearer ${token}` }]) {
      const { text } = await send('GET', '/everything', { headers });
      assert.ok(text.includes('rawHeaders') && !text.includes(token));
      assert.ok(!(await send('GET', '/shown', { headers })).text.includes(token));
    }
  });

  test('the credential can be handed on, as it is after a login and not after a logout', async (t) => {
    const { client, send, token } = await service(t);
    const headers = { Cookie: `sid=${token}` };
    assert.deepEqual(JSON.parse((await send('GET', '/forward', { headers })).text), { Authorization: `Bearer ${token}` });
    assert.equal((await send('GET', '/forward')).text, '{}');
    const { Authorization } = JSON.parse((await send('POST', '/login')).text);
    assert.equal((await client.load(Authorization.slice('Bearer '.length))).principal, 'bob');
    assert.equal((await send('POST', '/logout', { headers })).text, '{}');
  });

  test('[trust] pass_credential leaves it, for a proxy inside the service', async (t) => {
    const { send, token } = await service(t, { trust: { pass_credential: true } });
    const sent = `a=1; sid=${token}`;
    assert.equal(JSON.parse((await send('GET', '/seen', { headers: { Cookie: sent } })).text).cookie, sent);
  });

  test('a reload and a rolling cookie work with the hidden credential', async (t) => {
    const client = open();
    const app = application(client, { rolling: true });
    app.get('/', async (req, res) => {
      await req.session.reload();
      res.json(req.headers.cookie ?? null);
    });
    const { token } = await client.create('ada');
    const { text, setCookies } = await (await serve(t, app))('GET', '/', { headers: { Cookie: `sid=${token}` } });
    assert.equal(text, 'null');
    assert.ok(setCookies[0].startsWith(`sid=${token};`));
  });

  test('identity headers that a client sent are stripped in every spelling', async (t) => {
    const { send } = await service(t, { trust: { identity_headers: ['X-User'] } });
    const view = JSON.parse((await send('GET', '/seen', { headers: { 'X-User': 'root', x_user: 'root', Cookie: 'a=1' } })).text);
    assert.deepEqual([view.user, view.cookie], [[null, null], 'a=1']);
  });
});

test('Fastify: the credential and identity headers are hidden', async (t) => {
  const client = open({ trust: { identity_headers: ['X-User'] } });
  const app = Fastify();
  await app.register(fastifySessions, { client });
  t.after(() => app.close());
  app.get('/', async (request) => ({ ...seen(request.raw), again: request.headers.cookie ?? null, who: request.ficha.principal }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { token } = await client.create('ada');
  const url = `http://127.0.0.1:${app.server.address().port}/`;
  const headers = { cookie: `a=1; sid=${token}`, 'X-User': 'root' };
  const view = await (await fetch(url, { headers })).json();
  assert.deepEqual([view.cookie, view.again, view.who, view.user], ['a=1', 'a=1', 'ada', [null, null]]);
});
