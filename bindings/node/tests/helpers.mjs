// Real servers for the tests, and the check that nothing native is left over.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { createRequire } from 'node:module';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

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
  if (port) return startRedisAt(port);
  // Somebody else may have taken a port since it was free.
  for (let attempt = 1; ; ++attempt) {
    try {
      return await startRedisAt(await freePort());
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

// Of a link, and not of sessions: they open one, or prove it, at times of their own.
const commandsOfLinks = new Set(['client', 'hello', 'info', 'select', 'time']);

async function startRedisAt(port) {
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--loglevel', 'notice'];
  const server = spawn('redis-server', args.map(String), { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  for await (const chunk of server.stdout) {
    output += chunk;
    if (output.includes('Ready to accept connections')) break;
  }
  server.stdout.resume();
  assert.match(output, /Ready to accept connections/);
  const url = `redis://127.0.0.1:${port}/0`;
  let connection;
  return {
    port,
    url,
    signal: (name) => server.kill(name),
    async stop() {
      (await connection)?.destroy();
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
    /** One command, as its words in one text, or as its parts, which may be any bytes; the reply's value. */
    async command(...parts) {
      connection ??= createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {}).connect();
      return (await connection).sendCommand(parts.length === 1 ? parts[0].split(' ') : parts);
    },
    /** How many commands it was sent for sessions until now, by whomever. */
    async asked() {
      const counts = (await this.command('INFO commandstats')).matchAll(/^cmdstat_(\w+).*:calls=(\d+)/gm);
      return [...counts].reduce((sum, [, name, calls]) => sum + (commandsOfLinks.has(name) ? 0 : Number(calls)), 0);
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

/** Settings of a client that asks nobody again for what it keeps, however long a busy machine lets it wait. */
export const patient = { near_cache: { max_staleness: '60s' } };

/** For programs that look at memory: V8's young generation stays small. What V8 keeps of its pages is not looked at. */
export const memoryFlags = ['--expose-gc', '--max-semi-space-size=1'];

/** Starts Node in this folder. */
export function launch(args, env) {
  return spawn(process.execPath, args, {
    cwd: new URL('./', import.meta.url),
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: 600_000,
  });
}

/** Waits until a process prints something, or ends without. */
export const firstOutput = (node) => Promise.race([once(node.stdout, 'data'), once(node, 'exit')]);

/** The end of a process: its exit code or signal, and what it printed from now on. */
export async function outcome(node) {
  let output = '';
  let errors = '';
  node.stdout.on('data', (chunk) => (output += chunk));
  node.stderr.on('data', (chunk) => (errors += chunk));
  const [code, signal] = await once(node, 'close');
  return { ended: signal ?? code, output, errors };
}

/** Runs a program of ES modules to its end. */
export const run = (program, env, flags = []) => outcome(launch([...flags, '--input-type=module', '--eval', program], env));

/** Waits for what nothing announces. */
export async function until(condition, limit = 10_000) {
  const deadline = Date.now() + limit;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `not within ${limit} ms: ${condition}`);
    await sleep(1);
  }
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
