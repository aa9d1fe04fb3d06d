// Requests of HTTP/2, where ":authority" stands for the Host field.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import { Client, requestOf } from 'ficha';
import { useLeakCheck } from './helpers.mjs';

useLeakCheck();

/** Serves decisions over HTTP/2; resolves to a function that sends a POST with these fields, and tells the decision. */
async function serve(t, client) {
  const server = http2.createServer(async (req, res) => {
    const { verdict, reason } = await client.authorize(requestOf(req));
    res.end(JSON.stringify([verdict, reason]));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => {
    session.close();
    server.close();
    client.close();
  });
  return async (fields) => {
    const stream = session.request({ ':method': 'POST', ':path': '/transfers?to=bob', ...fields });
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk;
    return JSON.parse(text);
  };
}

test('an HTTP/2 request is decided on as one of HTTP/1 is', async (t) => {
  const client = new Client({
    redis: { url: 'memory://' },
    cookie: { name: 'sid', insecure_http: true },
    rule: [{ path: '/transfers', methods: ['POST'], roles: ['customer'] }],
  });
  const send = await serve(t, client);
  const { token } = await client.create('ada', { roles: ['customer'] });
  const asked = { ':authority': 'bank.example', origin: 'http://bank.example', cookie: `sid=${token}` };
  assert.deepEqual(await send(asked), ['allow', 'allowed']);
  assert.deepEqual(await send({ ...asked, host: 'bank.example' }), ['allow', 'allowed']);
  // A browser may send a field for each cookie (RFC 9113, section 8.2.3).
  assert.deepEqual(await send({ ...asked, cookie: ['theme=dark', `sid=${token}`] }), ['allow', 'allowed']);
  assert.deepEqual(await send({ ...asked, origin: 'http://evil.example' }), ['forbidden', 'csrf_foreign_origin']);
  assert.deepEqual(await send({ ...asked, cookie: [] }), ['unauthenticated', 'no_credential']);
  const [verdict] = await send({ ...asked, host: 'evil.example', origin: 'http://evil.example' });
  assert.notEqual(verdict, 'allow');
});
