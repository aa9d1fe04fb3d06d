// What req.session can hold, under which names, and whose it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, Session } from 'ficha';
import { onEveryExpress, useClients } from './express_applications.mjs';
import { patient, serve } from './helpers.mjs';

const open = useClients();

onEveryExpress((application) => {
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

  test('the same value in other words is no change, whoever wrote it', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/', (req, res) => {
      req.session.settings = { a: 1, b: [2] };
      req.session.price = { amount: 5 };
      req.session.name = 'é';
      res.end();
    });
    const texts = ['settings', '{ "b": [2.0],  "a": 1e0 }', 'price', '{"amount":5.00}', 'name', '"\\u00e9"'];
    const { token } = await Client.createWith(client, {}, texts, []);
    const send = await serve(t, app);
    const headers = { Cookie: `sid=${token}` };
    await send('GET', '/', { headers });
    assert.equal((await client.load(token, { fresh: true })).generation, 1);
  });

  test('digits that a number of JavaScript has not stay as another language has stored them', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/', (req, res) => {
      req.session.seen = true;
      res.json(req.session.price);
    });
    const price = '{"amount":0.12345678901234567891}';
    const { token } = await Client.createWith(client, {}, ['price', price], []);
    const send = await serve(t, app);
    await send('GET', '/', { headers: { Cookie: `sid=${token}` } });
    const session = await client.load(token, { fresh: true });
    assert.equal(session.generation, 2);
    assert.deepEqual(Session.attributeTexts(session), ['price', price, 'seen', 'true']);
  });

  test('each attribute is encoded once for a write', async (t) => {
    const client = open();
    const app = application(client);
    const encoded = [];
    app.get('/:n', (req, res) => {
      req.session.n = { toJSON: () => (encoded.push(req.params.n), { n: req.params.n }) };
      res.end();
    });
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/1', { jar });
    await send('GET', '/2', { jar });
    assert.deepEqual(encoded, ['1', '2']);
    assert.deepEqual((await client.load(jar.cookie.slice('sid='.length), { fresh: true })).attributes.n, { n: '2' });
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

  test('names that mean something to JavaScript are names like any other', async (t) => {
    const client = open(patient);
    const app = application(client);
    const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON'];
    app.get('/put/:name', (req, res) => {
      req.session[req.params.name] = { isAdmin: true };
      res.json([req.session.isAdmin ?? null, {}.isAdmin ?? null, typeof req.session.save]);
    });
    app.get('/get', (req, res) => res.json([Object.keys(req.session), req.session.isAdmin ?? null, typeof req.session.save]));
    const send = await serve(t, app);
    for (const name of names) {
      const jar = {};
      assert.equal((await send('GET', `/put/${name}`, { jar })).text, '[null,null,"function"]', name);
      const { attributes } = await client.load(jar.cookie.slice('sid='.length), { fresh: true });
      assert.deepEqual(Object.entries(attributes), [[name, { isAdmin: true }]]);
      assert.equal(Object.getPrototypeOf(attributes), null);
      const asked = await open.asked();
      assert.equal((await send('GET', '/get', { jar })).text, JSON.stringify([[name], null, 'function']));
      assert.equal(await open.asked(), asked, 'reading wrote');
    }
  });

  test('values that JSON would lose are errors that name the attribute, and never its value', async (t) => {
    const app = application(open());
    const circular = { password: 'hunter2' };
    circular.self = circular;
    const bad = {
      promise: () => Promise.resolve('hunter2'),
      invalidDate: () => new Date(NaN),
      nestedDate: () => ({ at: [new Date('hunter2')] }),
      error: () => new Error('hunter2'),
      pattern: () => /hunter2/,
      bytes: () => new Uint8Array([104]),
      map: () => new Map([['password', 'hunter2']]),
      weak: () => new WeakMap(),
      boxed: () => Object(1n),
      circular: () => circular,
      infinite: () => [Infinity],
    };
    app.get('/:name', (req, res) => {
      req.session[req.params.name] = bad[req.params.name]();
      res.send('as if it were stored');
    });
    app.use((error, req, res, _next) => res.status(error.status).send(error.message));
    const send = await serve(t, app);
    for (const name of Object.keys(bad)) {
      const { status, text, setCookies } = await send('GET', `/${name}`);
      assert.equal(status, 400, name);
      assert.match(text, new RegExp(`^attribute "${name}": `));
      assert.doesNotMatch(text, /hunter2/);
      assert.deepEqual(setCookies, []);
    }
  });

  test('dates become text, class instances their properties, buffers what Buffer makes of them', async (t) => {
    const app = application(open());
    class Basket {
      items = ['pen'];
    }
    app.get('/put', (req, res) => {
      Object.assign(req.session, { at: new Date(0), basket: new Basket(), bytes: Buffer.from('a'), bare: Object.create(null) });
      res.end();
    });
    app.get('/get', (req, res) => res.json(req.session));
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/put', { jar });
    assert.deepEqual(JSON.parse((await send('GET', '/get', { jar })).text), {
      at: '1970-01-01T00:00:00.000Z',
      basket: { items: ['pen'] },
      bytes: { type: 'Buffer', data: [97] },
      bare: {},
    });
  });

  test('a nested undefined is dropped from an object and null in an array, as express-session does it', async (t) => {
    const app = application(open());
    app.get('/put', (req, res) => {
      req.session.user = { id: 1, avatar: undefined, tags: [undefined, 'a'], deep: { '': undefined } };
      res.end();
    });
    app.get('/get', (req, res) => res.json(req.session.user));
    const send = await serve(t, app);
    const jar = {};
    assert.equal((await send('GET', '/put', { jar })).status, 200);
    assert.equal((await send('GET', '/get', { jar })).text, '{"id":1,"tags":[null,"a"],"deep":{}}');
  });

  test('a login after a logout in one request takes nothing of the other principal along', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/as/:name', async (req, res) => {
      req.session; // as middleware does that looks at it
      await req.ficha.logout();
      await req.ficha.login(req.params.name);
      res.json(Object.keys(req.session));
    });
    const send = await serve(t, app);
    const alice = await client.create('alice', { attributes: { secret: 1 } });
    const jar = { cookie: `sid=${alice.token}` };
    assert.equal((await send('GET', '/as/bob', { jar })).text, '[]');
    assert.deepEqual({ ...(await client.load(jar.cookie.slice('sid='.length))).attributes }, {});
  });
});
