// What becomes of a response that waits for its session to be stored.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';
import { serve, startRedis } from './helpers.mjs';

const open = useClients();

onEveryExpress((application) => {
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

  test('headers given to writeHead() join the session cookie, and cannot make its response public', async (t) => {
    const app = application(open());
    app.get('/object', (req, res) => {
      req.session.n = 1;
      res.writeHead(201, 'Made', { 'Set-Cookie': ['a=1', 'b=2'], 'Cache-Control': 'public, max-age=600', Vary: 'Accept' });
      res.end('made');
    });
    app.get('/list', (req, res) => {
      req.session.n = 1;
      res.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Vary', 'Accept']).end();
    });
    app.get('/nothing', (req, res) => res.writeHead(200, { Vary: 'Accept' }).end());
    const send = await serve(t, app);
    for (const path of ['/object', '/list']) {
      const { headers, setCookies } = await send('GET', path);
      assert.deepEqual(setCookies.map((field) => field.split('=')[0]), ['a', 'b', 'sid']);
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers.vary, 'Accept, Cookie');
    }
    assert.equal((await send('GET', '/object')).status, 201);
    assert.equal((await send('GET', '/nothing')).headers.vary, 'Accept, Cookie');
  });

  test('a header or a body that cannot be sent is an error of the request, not the end of the process', async (t) => {
    const app = application(open());
    const bad = {
      header: (res) => res.writeHead(302, { Location: '/x\r\nSet-Cookie: sid=evil' }).end(),
      status: (res) => res.writeHead(99999).end(),
      body: (res) => res.end(123),
      chunk: (res) => res.write({}) || res.end(),
    };
    app.get('/:what', (req, res) => {
      req.session.n = 1;
      bad[req.params.what](res);
    });
    answerErrors(app);
    const send = await serve(t, app);
    for (const what of Object.keys(bad)) {
      const { status, headers, text } = await send('GET', `/${what}`);
      assert.equal(status, 500, what);
      assert.match(text, /TypeError|RangeError/);
      assert.doesNotMatch(JSON.stringify(headers), /evil/);
    }
  });

  test('what a handler does after its answer does not become part of it', async (t) => {
    const app = application(open());
    const seen = [];
    app.get('/throws', (req, res) => {
      req.session.n = 1;
      res.status(201).json('answer');
      throw new Error('too late');
    });
    app.get('/twice', (req, res) => {
      req.session.n = 1;
      res.send('first');
      seen.push(res.headersSent, res.writableEnded);
      res.status(500);
      for (const again of [() => res.set('X-Late', '1'), () => res.json('second'), () => res.writeHead(404)]) {
        assert.throws(again, { code: 'ERR_HTTP_HEADERS_SENT' });
      }
      res.end();
    });
    app.use((error, req, res, _next) => seen.push(error.message, res.headersSent));
    const send = await serve(t, app);
    const thrown = await send('GET', '/throws');
    assert.deepEqual([thrown.status, thrown.text, thrown.setCookies.length], [201, '"answer"', 1]);
    const twice = await send('GET', '/twice');
    assert.deepEqual([twice.status, twice.text, twice.headers['x-late']], [200, 'first', undefined]);
    assert.deepEqual(seen, ['too late', true, true, true]);
  });

  test('an operation that the handler began and did not wait for is done before the response', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/start', (req, res) => res.json((req.session.user = 'alice')));
    app.get('/logout', (req, res) => {
      req.session.destroy();
      res.redirect('/');
    });
    app.get('/regenerate', (req, res) => {
      req.session.regenerate(() => (req.session.user = 'bob'));
      res.end();
    });
    const send = await serve(t, app);
    for (const path of ['/logout', '/regenerate']) {
      const jar = {};
      await send('GET', '/start', { jar });
      const token = jar.cookie.slice('sid='.length);
      const { setCookies } = await send('GET', path, { jar });
      assert.match(setCookies[0], /^sid=; Path=\/; Max-Age=0/);
      assert.equal(await client.load(token, { fresh: true }), null);
    }
  });

  test('an operation that fails with nobody waiting for it is the answer, not the end of the process', async (t) => {
    const server = await startRedis();
    t.after(() => server.stop());
    const redis = { url: server.url, connect_timeout: '100ms', command_timeout: '100ms', operation_timeout: '200ms' };
    const client = open({ redis });
    const app = application(client);
    app.get('/start', (req, res) => res.json((req.session.n = 1)));
    app.get('/floating', async (req, res) => {
      server.signal('SIGSTOP');
      const { session } = req;
      req.session.destroy();
      await session.save().catch(() => {}); // runs after destroy()
      await nextTurn();
      res.send('logged out');
    });
    app.get('/handled', async (req, res) => {
      await req.session.destroy().catch(() => {});
      res.send('handled');
    });
    answerErrors(app);
    const send = await serve(t, app);
    const jar = {};
    await send('GET', '/start', { jar });
    const answer = await send('GET', '/floating', { jar });
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.setCookies, []);
    assert.match(answer.headers.vary, /Cookie/);
    server.signal('SIGCONT');
    let healed;
    do healed = await send('GET', '/start', { jar });
    while (healed.status === 503);
    assert.equal((await send('GET', '/handled', { jar })).text, 'handled');
  });

  test('an operation that fails after the headers, with nobody waiting for it, is a warning, and cuts off a response that goes on', async (t) => {
    const client = open();
    const app = application(client);
    const save = async (req) => {
      await client.revoke(req.ficha.id);
      req.session.n = 2;
      req.session.save();
    };
    app.get('/start', (req, res) => res.json((req.session.n = 1)));
    app.get('/streamed', async (req, res) => {
      res.write('begun');
      await save(req);
      res.end('done');
    });
    app.get('/answered', async (req, res) => {
      res.end('answered');
      await save(req);
    });
    const send = await serve(t, app);
    const start = async () => {
      const jar = {};
      await send('GET', '/start', { jar });
      return jar;
    };
    const jars = [await start(), await start()];
    const warnings = [];
    const warned = ({ name, code }) => warnings.push([name, code]);
    process.on('warning', warned);
    t.after(() => process.off('warning', warned));
    await assert.rejects(send('GET', '/streamed', { jar: jars[0] }));
    assert.equal((await send('GET', '/answered', { jar: jars[1] })).text, 'answered');
    while (warnings.length < 2) await nextTurn();
    assert.deepEqual(warnings, [['FichaWarning', 'session_gone'], ['FichaWarning', 'session_gone']]);
  });

  test('a new session after the headers is an error that the application hears of, and is not stored', async (t) => {
    const client = open();
    const app = application(client);
    let heard;
    const isHeard = new Promise((resolve) => (heard = resolve));
    app.get('/late', (req, res) => {
      res.write('begun');
      req.session.n = 1;
      res.end();
    });
    app.get('/login', async (req, res, next) => {
      res.write('begun');
      await req.ficha.login('alice').catch(next);
    });
    app.use((error, req, res, next) => {
      heard([error.message, res.headersSent]);
      next(error);
    });
    const send = await serve(t, app);
    for (const path of ['/late', '/login']) {
      const asked = await open.asked();
      await assert.rejects(send('GET', path));
      assert.deepEqual(await isHeard, ['the headers of the response are out: no cookie can go along', true]);
      assert.equal(await open.asked(), asked);
    }
  });

  test('the cookie of a login goes out with the error about what came after it', async (t) => {
    const client = open();
    const app = application(client);
    app.get('/login', async (req, res) => {
      await req.ficha.login('alice');
      req.session.bad = () => 1;
      res.set({ 'Cache-Control': 'public, max-age=600', 'Content-Language': 'fr' }).send('welcome');
    });
    answerErrors(app);
    const jar = {};
    const { status, headers } = await (await serve(t, app))('GET', '/login', { jar });
    assert.equal(status, 400);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['content-language'], undefined);
    assert.equal((await client.load(jar.cookie.slice('sid='.length))).principal, 'alice');
  });

  test('an error answer does not inherit that its page was public', async (t) => {
    const app = application(open());
    app.get('/', (req, res) => {
      req.session.bad = () => 1;
      res.set({ 'Cache-Control': 'public, max-age=600', Expires: 'Thu, 01 Jan 2099 00:00:00 GMT' }).send('page');
    });
    answerErrors(app);
    const { status, headers } = await (await serve(t, app))('GET', '/');
    assert.deepEqual([status, headers['cache-control'], headers.expires, headers.vary], [400, undefined, undefined, 'Cookie']);
  });

  test('a client that goes away while its session is stored does no harm, and the session is stored', async (t) => {
    const client = open();
    const session = await client.create('alice');
    const app = application(client);
    let closed;
    const isClosed = new Promise((resolve) => (closed = resolve));
    app.get('/', async (req, res) => {
      req.session.n = 1;
      req.socket.destroy();
      res.write('a');
      res.end('b');
      res.on('close', closed);
    });
    app.get('/n', (req, res) => res.json(req.session.n));
    const send = await serve(t, app);
    const jar = { cookie: `sid=${session.token}` };
    await assert.rejects(send('GET', '/', { jar }));
    await isClosed;
    while ((await send('GET', '/n', { jar })).text !== '1') await nextTurn();
  });

  test('HEAD, 204 and 304 store the session and carry its cookie, without a body', async (t) => {
    const app = application(open());
    app.get('/', (req, res) => {
      req.session.n = (req.session.n ?? 0) + 1;
      res.set('ETag', '"v1"').send('page');
    });
    app.get('/empty', (req, res) => {
      req.session.n = 1;
      res.writeHead(204).end();
    });
    const send = await serve(t, app);
    const head = await send('HEAD', '/');
    assert.deepEqual([head.status, head.text, head.setCookies.length], [200, '', 1]);
    const fresh = await send('GET', '/', { headers: { 'If-None-Match': '"v1"' } });
    assert.deepEqual([fresh.status, fresh.text, fresh.setCookies.length], [304, '', 1]);
    const empty = await send('GET', '/empty');
    assert.deepEqual([empty.status, empty.setCookies.length], [204, 1]);
  });

  test('a long stream keeps its order and its pace while its session is stored', async (t) => {
    const app = application(open());
    const chunks = Array.from({ length: 200 }, (_, i) => String(i % 10).repeat(8192));
    app.get('/', async (req, res) => {
      req.session.n = 1;
      for (const chunk of chunks) if (!res.write(chunk)) await once(res, 'drain');
      res.end();
    });
    const { text, setCookies } = await (await serve(t, app))('GET', '/');
    assert.equal(text, chunks.join(''));
    assert.equal(setCookies.length, 1);
  });
});
