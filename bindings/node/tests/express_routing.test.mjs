// What is judged is what Express routes by, whatever changed it on the way.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Client } from 'ficha';
import { sessions } from 'ficha/express';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { serve } from './helpers.mjs';

const open = useClients();

const policy = [
  { path: '/secret', roles: ['staff'] },
  { path: '/secret/**', roles: ['staff'] },
  { path: '/items', methods: ['GET'], allow: 'anyone' },
  { path: '/items', methods: ['DELETE'], roles: ['staff'] },
  { path: '/**', allow: 'anyone' },
];
const reached = (req, res) => res.send('reached');
const require = createRequire(import.meta.url);

// As a dependency has it that brings its own.
function anotherCopyOf(name) {
  const loaded = { ...require.cache };
  for (const file of Object.keys(loaded)) delete require.cache[file];
  const copy = require(name);
  for (const file of Object.keys(require.cache)) delete require.cache[file];
  Object.assign(require.cache, loaded);
  return copy;
}

onEveryExpress((application, everyPath, express, name) => {
  // An application with the policy, and middleware before and after sessions().
  function applicationWith({ before, after, client = open({ rule: policy }), settings = {} } = {}) {
    const app = express();
    app.set('env', 'test');
    for (const [name, value] of Object.entries(settings)) app.set(name, value);
    if (before) app.use(before);
    app.use(sessions(client));
    if (after) app.use(after);
    return app;
  }
  async function statuses(t, app, requests, headers) {
    answerErrors(app);
    const send = await serve(t, app);
    return Promise.all(requests.map(async (request) => (await send(...request.split(' '), { headers })).status));
  }

  test('a route that ignores case is judged without case', async (t) => {
    const app = applicationWith();
    app.get('/secret', reached);
    assert.deepEqual(await statuses(t, app, ['GET /secret', 'GET /SECRET', 'GET /Secret/', 'HEAD /sEcret']), [401, 401, 401, 401]);
  });

  test("a sub-router's own case flag opens no door", async (t) => {
    const app = applicationWith({ settings: { 'case sensitive routing': true } });
    const router = express.Router({ caseSensitive: false });
    router.get('/x', reached);
    app.use('/secret', router);
    assert.deepEqual(await statuses(t, app, ['GET /secret/x', 'GET /secret/X']), [401, 401]);
  });

  test('a URL that is rewritten before sessions() is judged as it came, and as it is routed', async (t) => {
    const before = (req, res, next) => {
      if (req.url === '/alias') req.url = '/secret';
      if (req.url.startsWith('/secret/public')) req.url = '/open';
      next();
    };
    const app = applicationWith({ before });
    app.get(['/secret', '/open'], reached);
    assert.deepEqual(await statuses(t, app, ['GET /alias', 'GET /secret/public', 'GET /open']), [401, 401, 200]);
  });

  test('a URL that is rewritten after sessions() is judged at the route', async (t) => {
    const after = (req, res, next) => {
      if (req.url === '/alias') req.url = '/SECRET/7?x=1';
      if (req.url === '/other') req.url = '/open';
      next();
    };
    const app = applicationWith({ after });
    app.get(['/secret/:id', '/open'], reached);
    assert.deepEqual(await statuses(t, app, ['GET /alias', 'GET /other', 'GET /open?a=/secret']), [401, 200, 200]);
  });

  test('a URL that is rewritten inside a router two levels deep is judged at the route', async (t) => {
    const client = open({ rule: [{ path: '/a/b/secret', roles: ['staff'] }, { path: '/**', allow: 'anyone' }] });
    const app = applicationWith({ client });
    const [outer, inner] = [express.Router(), express.Router()];
    inner.use((req, res, next) => {
      if (req.url === '/alias') req.url = '/secret';
      next();
    });
    inner.get(['/secret', '/open'], reached);
    outer.use('/b', inner);
    app.use('/a', outer);
    const requests = ['GET /a/b/alias', 'GET /A/B/alias', 'GET /a/b/secret', 'GET /a/b/open'];
    assert.deepEqual(await statuses(t, app, requests), [401, 401, 401, 200]);
  });

  test('a method that is overridden before or after sessions() is judged beside the one that came', async (t) => {
    const override = (req, res, next) => {
      const wanted = req.headers['x-http-method-override'];
      if (wanted) {
        req.originalMethod = req.originalMethod ?? req.method;
        req.method = wanted;
      }
      next();
    };
    for (const place of ['before', 'after']) {
      const app = applicationWith({ [place]: override });
      app.get('/items', reached);
      app.delete('/items', reached);
      const headers = { 'X-HTTP-Method-Override': 'DELETE' };
      assert.deepEqual(await statuses(t, app, ['GET /items'], headers), [401], place);
    }
    const app = applicationWith({ before: override });
    app.get('/items', reached);
    const lowered = await statuses(t, app, ['DELETE /items'], { 'X-HTTP-Method-Override': 'GET' });
    assert.deepEqual(lowered, [401]); // the method that came remains a reading
  });

  test('routes that were there before the first request are guarded, and those added later', async (t) => {
    const after = (req, res, next) => {
      req.url = req.url.replace('/alias', '/secret');
      next();
    };
    const app = applicationWith({ after });
    app.get('/secret/1', reached);
    const send = await serve(t, app);
    assert.equal((await send('GET', '/alias/1')).status, 401);
    app.get('/secret/2', reached);
    assert.equal((await send('GET', '/alias/2')).status, 401);
  });

  test('routes of another copy of Express, and of a router without an application, are guarded as well', async (t) => {
    const alias = (req, res, next) => {
      req.url = req.url.replace('/alias', '/secret');
      next();
    };
    const inner = anotherCopyOf(name)();
    inner.get('/secret', reached);
    const app = applicationWith({ after: alias });
    app.use(inner);
    assert.deepEqual(await statuses(t, app, ['GET /alias', 'GET /secret']), [401, 401]);
    const router = anotherCopyOf(name).Router();
    router.use(sessions(open({ rule: policy })), alias);
    router.get('/secret', (req, res) => res.end('reached'));
    const send = await serve(t, (req, res) => router(req, res, (error) => res.writeHead(error?.status ?? 404).end()));
    assert.equal((await send('GET', '/alias')).status, 401);
  });

  test('a route that was refused is refused again, whatever an error handler makes of the first time', async (t) => {
    const after = (req, res, next) => {
      if (req.url === '/alias') req.url = '/secret';
      next();
    };
    const app = applicationWith({ after });
    app.get('/secret', reached);
    app.use((error, req, res, next) => next());
    app.get('/secret', reached);
    assert.deepEqual(await statuses(t, app, ['GET /alias']), [401]);
  });

  test('who may pass by every reading passes, with the session found once', async (t) => {
    const client = open({ rule: policy });
    const after = (req, res, next) => {
      if (req.url === '/alias') req.url = '/secret/7';
      next();
    };
    const app = applicationWith({ client, after });
    app.get('/secret/:id', (req, res) => res.json([req.params.id, req.ficha.principal]));
    answerErrors(app);
    const send = await serve(t, app);
    const [stella, carl] = [await client.create('stella', { roles: ['staff'] }), await client.create('carl')];
    const get = (session) => send('GET', '/alias', { headers: { Cookie: `sid=${session.token}` } });
    assert.equal((await get(stella)).text, '["7","stella"]');
    assert.equal((await get(carl)).status, 403);
  });

  test('inside a mounted application sessions() refuses to guess by which paths the rules go', async (t) => {
    const client = new Client({ redis: { url: 'memory://' }, rule: policy }, { prefixes: ['/shop'] });
    t.after(() => client.close());
    async function mounted(options) {
      const [app, inner] = [express(), express()];
      app.set('env', 'test');
      inner.use(sessions(client, options));
      inner.get('/secret', reached);
      inner.get('/open', reached);
      app.use('/shop', inner);
      return statuses(t, app, ['GET /shop/secret', 'GET /SHOP/Secret', 'GET /shop/open']);
    }
    assert.deepEqual(await mounted(), [500, 500, 500]);
    assert.deepEqual(await mounted({ prefix: '/shop' }), [401, 401, 200]);
    assert.throws(() => sessions(client, { prefix: '/other' }), { name: 'TypeError', message: /prefixes/ });
    const whole = new Client({ redis: { url: 'memory://' }, rule: [{ path: '/shop/secret', roles: ['staff'] }, { path: '/**', allow: 'anyone' }] });
    t.after(() => whole.close());
    const [app, inner] = [express(), express()];
    inner.use(sessions(whole, { prefix: '' }));
    inner.get(['/secret', '/open'], reached);
    app.use('/shop', inner);
    assert.deepEqual(await statuses(t, app, ['GET /shop/secret', 'GET /SHOP/SECRET', 'GET /shop/open']), [401, 401, 200]);
  });

  test('a configured prefix that the routes still have is taken off, in any case', async (t) => {
    const client = new Client({ redis: { url: 'memory://' }, rule: policy }, { prefixes: ['/shop'] });
    t.after(() => client.close());
    const app = applicationWith({ client });
    app.get(['/shop/secret', '/shop/open'], reached);
    const requests = ['GET /shop/secret', 'GET /SHOP/secret', 'GET /Shop/Secret', 'GET /shop/open', 'GET /secret'];
    assert.deepEqual(await statuses(t, app, requests), [401, 401, 401, 200, 401]);
  });

  test('a method that the rules of a path do not list is 405 with Allow, or 401 where nobody may without a session', async (t) => {
    const client = open({ rule: [...policy.slice(0, 4), { path: '/staff', methods: ['GET'], roles: ['staff'] }] });
    const app = applicationWith({ client });
    app.all(['/items', '/staff'], reached);
    answerErrors(app);
    const send = await serve(t, app);
    const denied = await send('POST', '/items');
    assert.deepEqual([denied.status, denied.headers.allow], [405, 'GET, HEAD, DELETE']);
    assert.equal((await send('POST', '/staff')).status, 401);
  });

  test('two clients do not both decide on one request in silence', async (t) => {
    const app = applicationWith();
    app.use(sessions(open()));
    app.get('/open', reached);
    assert.deepEqual(await statuses(t, app, ['GET /open']), [500]);
  });

  test('a preflight of a listed origin is answered without a session, and answers carry the CORS fields', async (t) => {
    const origin = 'https://app.example';
    const cors = { origins: [origin], headers: ['X-CSRF-Token'], max_age: '10m', credentials: true };
    const client = open({ rule: policy, cors });
    const app = applicationWith({ client });
    app.get('/open', reached);
    app.get('/fails', () => {
      throw new Error('broken');
    });
    answerErrors(app);
    const send = await serve(t, app);
    const ask = { Origin: origin, 'Access-Control-Request-Method': 'GET' };
    const allowed = await send('OPTIONS', '/secret', { headers: ask });
    assert.deepEqual([allowed.status, allowed.text], [204, '']);
    assert.equal(allowed.headers['access-control-allow-origin'], origin);
    assert.equal((await send('OPTIONS', '/secret', { headers: { ...ask, Origin: 'https://evil.example' } })).status, 403);
    const headers = { Origin: origin, 'Sec-Fetch-Site': 'cross-site' };
    for (const [path, status] of [['/secret', 401], ['/open', 200], ['/fails', 500]]) {
      const answer = await send('GET', path, { headers });
      assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [status, origin], path);
      assert.match(answer.headers.vary, /Origin/);
    }
  });

  test('without rules foreign unsafe requests are refused, and Bearer tokens count', async (t) => {
    const client = open();
    const app = applicationWith({ client });
    app.all('/me', (req, res) => res.json(req.ficha.principal));
    answerErrors(app);
    const send = await serve(t, app);
    const ada = await client.create('ada');
    const cookie = { Cookie: `sid=${ada.token}` };
    assert.equal((await send('POST', '/me', { headers: { ...cookie, 'Sec-Fetch-Site': 'cross-site' } })).status, 403);
    assert.equal((await send('POST', '/me', { headers: cookie })).text, '"ada"');
    assert.equal((await send('GET', '/me', { headers: { Authorization: `Bearer ${ada.token}` } })).text, '"ada"');
    assert.equal((await send('GET', '/me', { headers: { ...cookie, Authorization: `Bearer ${ada.token}` } })).status, 400);
  });
});
