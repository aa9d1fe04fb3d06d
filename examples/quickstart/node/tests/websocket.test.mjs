import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Client } from 'ficha';
import { WebSocket } from 'ws';
import { acceptWebSockets } from '../websocket.mjs';

const client = new Client({
  redis: { url: 'memory://' },
  cookie: { name: 'sid', insecure_http: true },
  rule: [{ path: '/events', roles: ['customer'] }, { path: '/open', allow: 'anyone' }],
});
const server = http.createServer();

before(async () => {
  acceptWebSockets(server, client, { checkEveryMs: 20 });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
after(() => {
  server.close();
  client.close();
});

const host = () => `127.0.0.1:${server.address().port}`;

/** Resolves to the socket and its first message, or to the status that refused it. */
function connect(path, { token, origin = `http://${host()}` } = {}) {
  const socket = new WebSocket(`ws://${host()}${path}`, { origin, headers: token ? { Cookie: `sid=${token}` } : {} });
  return new Promise((resolve, reject) => {
    socket.on('message', (message) => resolve({ socket, first: JSON.parse(message) }));
    socket.on('unexpected-response', (request, response) => {
      request.destroy();
      resolve({ status: response.statusCode });
    });
    socket.on('error', reject);
  });
}

test('a live session opens a socket, and its end closes the socket', async () => {
  const session = await client.create('ada', { roles: ['customer'] });
  const { socket, first } = await connect('/events', session);
  assert.deepEqual(first, { hello: 'ada' });
  const closed = once(socket, 'close');
  await client.revoke(session);
  assert.equal((await closed)[0], 4401);
});

test('no session, a session without the role, and an ended session are refused', async () => {
  assert.equal((await connect('/events')).status, 401);
  assert.equal((await connect('/open')).status, 401);
  assert.equal((await connect('/open', await client.create())).status, 401);
  assert.equal((await connect('/events', await client.create('bob'))).status, 403);
  const ended = await client.create('ada', { roles: ['customer'] });
  await client.revoke(ended);
  assert.equal((await connect('/events', ended)).status, 401);
});

test("a page of another origin cannot open a socket with the visitor's cookie", async () => {
  const { token } = await client.create('ada', { roles: ['customer'] });
  assert.equal((await connect('/events', { token, origin: 'https://evil.example' })).status, 403);
  assert.equal((await connect('/events', { token, origin: 'null' })).status, 403);
});

test('a connection that breaks while its session is looked up, or refused, ends nothing but itself', async () => {
  const { token } = await client.create('ada', { roles: ['customer'] });
  for (const cookie of [`sid=${token}`, 'sid=none']) {
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', Cookie: cookie };
    const request = http.request(`http://${host()}/events`, { headers });
    request.on('error', () => {});
    request.end();
    const [, socket] = await once(server, 'upgrade');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.destroy(new Error('read ECONNRESET'));
    await closed;
  }
  assert.equal((await connect('/events')).status, 401);
});
