// While a response waits for its session, it stays the stream that others take it for: those that wrap it before or after.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, test } from 'node:test';
import zlib from 'node:zlib';
import http from 'node:http';
import compression from 'compression';
import { sessions } from 'ficha/express';
import { answerErrors, onEveryExpress, useClients } from './express_applications.mjs';

const open = useClients();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ficha-'));
after(() => fs.rmSync(folder, { recursive: true }));
const file = (name, size) => {
  const text = 'hello world '.repeat(size / 12);
  fs.writeFileSync(path.join(folder, name), text);
  return text;
};
const [small, big] = [file('small.txt', 4800), file('big.txt', 4_800_000)];

async function get(port, target) {
  const [response] = await once(
    http.get({ port, host: '127.0.0.1', path: target, headers: { 'Accept-Encoding': 'gzip' }, signal: AbortSignal.timeout(20_000) }),
    'response',
  );
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return response.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(body).toString() : body.toString();
}

onEveryExpress((_application, _everyPath, express) => {
  for (const place of ['before', 'after', 'nowhere']) {
    test(`a changed session and a streamed body, with compression() ${place}`, async (t) => {
      const app = express();
      if (place === 'before') app.use(compression());
      app.use(sessions(open()));
      if (place === 'after') app.use(compression());
      app.use((req, res, next) => {
        req.session.n = (req.session.n ?? 0) + 1;
        res.type('text/plain');
        next();
      });
      const source = (req) => fs.createReadStream(path.join(folder, req.params.name));
      app.get('/send-file/:name', (req, res) => res.sendFile(path.join(folder, req.params.name)));
      app.get('/pipe/:name', (req, res) => source(req).pipe(res));
      app.get('/pipeline/:name', (req, res) => pipeline(source(req), res));
      app.get('/lines', (req, res) => pipeline(Readable.from(['one\n', 'two\n', 'three\n']), res));
      app.get('/write', async (req, res) => {
        for (let i = 0; i < 30; ++i) if (!res.write('x'.repeat(1000))) await once(res, 'drain');
        res.end();
      });
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.closeAllConnections() ?? server.close());
      const { port } = server.address();
      for (const how of ['send-file', 'pipe', 'pipeline']) {
        assert.ok((await get(port, `/${how}/small.txt`)) === small, how);
        assert.ok((await get(port, `/${how}/big.txt`)) === big, how);
      }
      assert.equal(await get(port, '/lines'), 'one\ntwo\nthree\n');
      assert.equal((await get(port, '/write')).length, 30_000);
    });
  }

  test('a second end or a write after the end, while the response waits, is dropped as after a response that is out', async (t) => {
    const app = express();
    app.set('env', 'test');
    app.use(sessions(open()));
    const codes = [];
    app.use((req, res, next) => {
      req.session.n = 1;
      next();
    });
    app.get('/end', (req, res) => {
      res.end('1');
      res.end('2', (error) => codes.push(error.code));
    });
    app.get('/write', (req, res) => {
      res.end('1');
      res.write('2', (error) => codes.push(error.code));
    });
    app.get('/later', async (req, res) => {
      res.end('1');
      await null;
      res.end('2');
    });
    answerErrors(app);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.closeAllConnections() ?? server.close());
    for (const target of ['/end', '/write', '/later']) assert.equal(await get(server.address().port, target), '1');
    assert.deepEqual(codes, ['ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_WRITE_AFTER_END']);
  });
});
