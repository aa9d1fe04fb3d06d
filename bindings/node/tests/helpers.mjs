// Real servers for the tests, and the check that nothing native is left over.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';

const require = createRequire(import.meta.url);
export const { native } = require('../lib/native.js');

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A redis-server of its own, ready for connections. */
export async function startRedis(port) {
  port ??= await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--loglevel', 'notice'];
  const server = spawn('redis-server', args.map(String), { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  for await (const chunk of server.stdout) {
    output += chunk;
    if (output.includes('Ready to accept connections')) break;
  }
  server.stdout.resume();
  assert.match(output, /Ready to accept connections/);
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    signal: (name) => server.kill(name),
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
    /** One command in the inline protocol; the raw reply's first line, or the bulk string after it. */
    async command(text) {
      const socket = net.connect(port, '127.0.0.1');
      socket.write(`${text}\r\n`);
      socket.setEncoding('utf8');
      const [reply] = await once(socket, 'data');
      socket.destroy();
      return reply.startsWith('$') ? reply.split('\r\n')[1] : reply.split('\r\n')[0];
    },
  };
}

/** For a test file: a server for all of its tests, as `redis.url` and so on. */
export function useRedis() {
  const redis = {};
  before(async () => Object.assign(redis, await startRedis()));
  after(() => redis.stop());
  return redis;
}

/** For programs that look at memory: V8's young generation stays small. What V8 keeps of its pages is not looked at. */
export const memoryFlags = ['--expose-gc', '--max-semi-space-size=1'];

/** Runs a program of ES modules to its end: its exit code or signal, and what it printed. */
export async function run(program, env, flags = []) {
  const node = spawn(process.execPath, [...flags, '--input-type=module', '--eval', program], {
    cwd: new URL('./', import.meta.url),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 600_000,
  });
  let output = '';
  let errors = '';
  node.stdout.on('data', (chunk) => (output += chunk));
  node.stderr.on('data', (chunk) => (errors += chunk));
  const [code, signal] = await once(node, 'close');
  return { ended: signal ?? code, output, errors };
}

/** For a test file: closes `clients` after its tests, and fails it when others, or operations, outlive them. */
export function useLeakCheck(clients = []) {
  after(() => {
    for (const client of clients) client.close();
    const { operations, unclosed } = native.liveHandles();
    assert.equal(operations, 0, 'operations were left pending');
    assert.equal(unclosed, 0, 'clients were left open');
  });
}

/** Serves `app` until the end of the test; resolves to a function that sends requests, and remembers cookies if told. */
export async function serve(t, app) {
  const server = http.createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new http.Agent({ keepAlive: true });
  t.after(async () => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address();
  return function send(method, path, { headers = {}, jar, body } = {}) {
    return new Promise((resolve, reject) => {
      const fields = { 'Sec-Fetch-Site': 'same-origin', ...headers };
      if (jar?.cookie) fields.Cookie = jar.cookie;
      const request = http.request({ port, host: '127.0.0.1', method, path, headers: fields, agent }, async (response) => {
        let text = '';
        try {
          for await (const chunk of response.setEncoding('utf8')) text += chunk;
        } catch (error) {
          return reject(error);
        }
        const setCookies = response.headers['set-cookie'] ?? [];
        if (jar) takeCookies(jar, setCookies);
        resolve({ status: response.statusCode, headers: response.headers, setCookies, text, port });
      });
      request.on('error', reject);
      request.end(body);
    });
  };
}

function takeCookies(jar, setCookies) {
  for (const field of setCookies) {
    const [pair] = field.split(';');
    jar.cookie = /max-age=0/i.test(field) ? undefined : pair;
  }
}
