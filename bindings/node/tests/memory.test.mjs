// What is left over after many requests. FICHA_NODE_REQUESTS sets how many; the default suits every run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryFlags, run, useRedis } from './helpers.mjs';

const requests = Number(process.env.FICHA_NODE_REQUESTS ?? 40_000);
const redis = useRedis();
const runHere = (program) => run(program, { REDIS_URL: redis.url, REQUESTS: requests }, memoryFlags);

const open = `
  import { createRequire } from 'node:module';
  import { setImmediate as turn } from 'node:timers/promises';
  import v8 from 'node:v8';
  import { Client } from 'ficha';
  const { native } = createRequire(process.cwd() + '/')('../lib/native.js');
  const client = new Client({
    redis: { url: process.env.REDIS_URL, command_timeout: '10s', operation_timeout: '20s' },
    cookie: { name: 'sid', insecure_http: true },
  });
  const sessions = [];
  for (let i = 0; i < 64; ++i) sessions.push(await client.create('p' + i, { attributes: { i, cart: { items: [i] } } }));
  async function settle() {
    for (let i = 0; i < 20; ++i) { gc(); await turn(); }
  }
`;

test('memory stays flat over many requests to Express, some of which write', async () => {
  const { ended, output, errors } = await runHere(`${open}
    import http from 'node:http';
    import net from 'node:net';
    import express from 'express';
    import { sessions as middleware } from 'ficha/express';
    const app = express();
    app.use(middleware(client));
    app.get('/read', (req, res) => res.json(req.session.cart));
    app.get('/write', (req, res) => { req.session.n = Math.random(); res.json(req.session.n); });
    app.get('/miss', (req, res) => res.json(req.session.id));

    // Requests and responses as node:http makes them; only the connection is missing.
    const socket = new net.Socket();
    function request(path, cookie) {
      return new Promise((resolve) => {
        const req = new http.IncomingMessage(socket);
        Object.assign(req, { method: 'GET', url: path, httpVersionMajor: 1, httpVersionMinor: 1, rawHeaders: ['Cookie', cookie] });
        req.headers = { cookie };
        const res = new http.ServerResponse(req);
        res.end = (body) => resolve([res.statusCode, String(body)]);
        app(req, res);
      });
    }
    const paths = ['/read', '/read', '/read', '/read', '/read', '/read', '/read', '/write', '/read', '/miss'];
    async function round(count) {
      let sent = 0;
      await Promise.all(sessions.map(async ({ token }, i) => {
        while (sent < count) {
          const path = paths[sent++ % paths.length];
          const [status, body] = await request(path, 'sid=' + (path === '/miss' ? sessions[0].token.slice(0, -1) + '!' : token));
          if (status !== 200 || (path === '/read' && body !== JSON.stringify({ items: [i] }))) throw new Error(path + ' ' + status + ' ' + body);
        }
      }));
      await settle();
      const { rss, heapTotal, heapUsed } = process.memoryUsage();
      return { outside: rss - heapTotal, heapUsed, ...native.liveHandles() };
    }
    const warm = await round(Math.min(20_000, process.env.REQUESTS / 2));
    console.log(JSON.stringify([warm, await round(Number(process.env.REQUESTS))]));
    client.close();
  `);
  assert.deepEqual([ended, errors], [0, '']);
  const [before, after] = JSON.parse(output);
  assert.deepEqual([after.operations, after.clients], [0, 1]);
  // A session is held once for the generation that was read last.
  assert.ok(after.sessions <= 3 * 64, output);
  assert.ok(after.heapUsed - before.heapUsed < 2 << 20, output);
  assert.ok(after.outside - before.outside < 16 << 20, output);
});

test('heap snapshots show no growth: no native handle, session, decision or promise is left over', async () => {
  const { ended, output, errors } = await runHere(`${open}
    async function summary() {
      await settle();
      let text = '';
      for await (const chunk of v8.getHeapSnapshot().setEncoding('utf8')) text += chunk;
      const { snapshot: { meta }, nodes, strings } = JSON.parse(text);
      const width = meta.node_fields.length;
      const [type, name, edges] = ['type', 'name', 'edge_count'].map((field) => meta.node_fields.indexOf(field));
      const types = meta.node_types[type];
      const count = { globalHandles: 0, native: 0, Session: 0, Decision: 0, Promise: 0, SessionKeeper: 0 };
      for (let at = 0; at < nodes.length; at += width) {
        const kind = types[nodes[at + type]];
        const called = strings[nodes[at + name]];
        if (kind === 'synthetic' && called === '(Global handles)') count.globalHandles += nodes[at + edges];
        if (kind === 'native') ++count.native;
        if (kind === 'object' && Object.hasOwn(count, called)) ++count[called];
      }
      return count;
    }
    async function use(times) {
      for (let i = 0; i < times; ++i) {
        await Promise.all(sessions.map(async ({ token }) => {
          await client.load(token, { fresh: true });
          await client.authorize({ method: 'GET', path: '/', headers: ['Cookie', 'sid=' + token] });
          const made = await client.create('p', { attributes: { list: [1, 2, 3] } });
          await client.patch(made, { increment: { n: 1 } });
          const next = await client.rotate(made);
          await client.patch(made, { set: { n: 1 } }).catch(() => {});
          await client.revoke(next);
        }));
      }
    }
    await use(5);
    const before = await summary();
    await use(20);
    const after = await summary();
    console.log(JSON.stringify([before, after, native.liveHandles()]));
    client.close();
  `);
  assert.deepEqual([ended, errors], [0, '']);
  const [before, after, handles] = JSON.parse(output);
  assert.ok(before.globalHandles > 0 && before.Session >= 64, output);
  for (const kind of Object.keys(before)) assert.ok(after[kind] - before[kind] <= 16, `${kind}: ${output}`);
  assert.equal(handles.operations, 0);
});
