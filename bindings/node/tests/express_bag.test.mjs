// A bag: an attribute whose keys clients may choose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgument } from 'ficha';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { serve } from './helpers.mjs';

const open = useClients();
const keys = ['theme', '__proto__', 'constructor', 'passport', 'cookie', 'a.b', 'ключ', ' '];

onEveryExpress((application) => {
  async function service(t) {
    const client = open();
    const app = application(client);
    app.put('/bag/:key', (req, res) => {
      req.session.put('preferences', req.params.key, { of: req.params.key });
      res.json(req.session.preferences);
    });
    app.delete('/bag/:key', (req, res) => res.json(req.session.take('preferences', req.params.key) ?? null));
    app.put('/whole', (req, res) => {
      req.session.put('preferences', 'a', 1);
      req.session.preferences = { b: 2 };
      res.end();
    });
    app.put('/named/:bag', (req, res) => {
      req.session.put(req.params.bag, 'key', 1);
      res.end();
    });
    app.get('/bag', (req, res) => res.json(req.session.preferences ?? null));
    answerErrors(app);
    return { client, send: await serve(t, app) };
  }

  test('any key is a key of the bag, and nothing else', async (t) => {
    const { client, send } = await service(t);
    for (const start of ['visitor', 'stored']) {
      const jar = start === 'stored' ? { cookie: `sid=${(await client.create('ada')).token}` } : {};
      for (const key of keys) assert.equal((await send('PUT', `/bag/${encodeURIComponent(key)}`, { jar })).status, 200, key);
      const { attributes } = await client.load(jar.cookie.slice('sid='.length), { fresh: true });
      assert.deepEqual(Object.keys(attributes), ['preferences']);
      assert.deepEqual(Object.entries(attributes.preferences), keys.map((key) => [key, { of: key }]));
      for (const key of keys) {
        assert.equal((await send('DELETE', `/bag/${encodeURIComponent(key)}`, { jar })).text, JSON.stringify({ of: key }));
        assert.equal((await send('DELETE', `/bag/${encodeURIComponent(key)}`, { jar })).text, 'null');
      }
      assert.equal((await send('GET', '/bag', { jar })).text, '{}');
    }
  });

  test('requests that put different keys at once lose none', async (t) => {
    const { client, send } = await service(t);
    const { token } = await client.create('ada');
    const many = Array.from({ length: 20 }, (_, i) => `k${i}`);
    await Promise.all(many.map((key) => send('PUT', `/bag/${key}`, { jar: { cookie: `sid=${token}` } })));
    const { attributes } = await client.load(token, { fresh: true });
    assert.deepEqual(Object.keys(attributes.preferences).sort(), [...many].sort());
  });

  test('a bag that is assigned as well is stored as it was assigned', async (t) => {
    const { client, send } = await service(t);
    const { token } = await client.create('ada');
    await send('PUT', '/whole', { jar: { cookie: `sid=${token}` } });
    assert.deepEqual({ ...(await client.load(token, { fresh: true })).attributes.preferences }, { b: 2 });
  });

  test('names of their own and identities are no bags; keys and their number are bounded', async (t) => {
    const { client, send } = await service(t);
    for (const bag of ['passport', 'cookie', 'save', 'put', 'constructor']) {
      assert.equal((await send('PUT', `/named/${bag}`)).status, 400, bag);
    }
    assert.equal((await send('PUT', `/bag/${'x'.repeat(256)}`)).status, 200);
    assert.equal((await send('PUT', `/bag/${'x'.repeat(257)}`)).status, 400);
    const preferences = Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`k${i}`, i]));
    const { token } = await client.create('ada', { attributes: { preferences } });
    const jar = { cookie: `sid=${token}` };
    assert.equal((await send('PUT', '/bag/k1', { jar })).status, 200);
    assert.equal((await send('PUT', '/bag/other', { jar })).status, 400);
    const session = await client.create('bob', { attributes: { text: 'no object' } });
    await assert.rejects(client.patch(session, { put: { text: { key: 1 } } }), InvalidArgument);
  });
});
