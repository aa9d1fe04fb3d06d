// `req.session.cookie`, by which an application remembers its users for longer, or not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { serve } from './helpers.mjs';

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
    return { client, send, stored };
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
    const { client, send, stored } = await service(t, { session: { idle_timeout: '30m', absolute_timeout: '12h' } });
    const jar = {};
    await send('GET', '/start', { jar });
    await stored(jar);
    const { commands } = client.stats();
    assert.deepEqual((await send('GET', '/forget', { jar })).setCookies, []);
    assert.equal((await send('GET', '/same', { jar })).status, 200);
    assert.equal(client.stats().commands, commands);
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

  test('an explicit save() gives a session with nothing in it an id that stays', async (t) => {
    const app = application(open());
    app.get('/id', async (req, res) => {
      if (!req.session.id) await req.session.save();
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
