// P5 (a hit) against jsonwebtoken and node-redis' client-side cache, P9b (misses in flight) against ioredis with
// autopipelining, P13a (an Express request) against express-session on connect-redis.
// Both sides of a row are measured in turns, in one run; medians of the rounds. usage: bench.mjs --json FILE
import assert from 'node:assert/strict';
import { execFileSync, fork, spawn } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Client } from 'ficha';
import { Redis } from 'ioredis';
import jwt from 'jsonwebtoken';
import { createClient } from 'redis';

const isShort = process.env.FICHA_BENCH_SHORT !== undefined; // shows that this program works, and no more
const rounds = isShort ? 1 : 7;
// Of Express: generations of processes, and for each the seconds of warming up, rounds, and seconds of a round.
const [generations, warmUp, requestRounds, seconds] = isShort ? [1, 1, 1, 1] : [3, 6, 3, 2];
const claims = { sub: 'alice', roles: ['customer'], scope: 'transfers:read', iat: 1_700_000_000, exp: 4_000_000_000 };

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const rounded = (value, digits) => Number(value.toFixed(digits));

function entry(id, what, pairs, target, unit) {
  const better = unit === 'ns' ? ([ours, theirs]) => theirs / ours : ([ours, theirs]) => ours / theirs;
  const ratio = rounded(median(pairs.map(better)), 2);
  const [ours, theirs] = [0, 1].map((side) => rounded(median(pairs.map((pair) => pair[side])), 1));
  return { id, what, ratio, op: '>=', target, ours, theirs, unit };
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function startRedis() {
  const port = await freePort();
  const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', ''].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept')) break;
  server.stdout.resume();
  return { port, stop: () => server.kill() };
}

// Nanoseconds of one call.
function timeSync(call, count) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < count; ++i) call();
  return Number(process.hrtime.bigint() - start) / count;
}

async function timeAwaited(call, count) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < count; ++i) await call();
  return Number(process.hrtime.bigint() - start) / count;
}

async function hits(port) {
  const client = new Client(`redis://127.0.0.1:${port}/0`);
  const cached = createClient({ url: `redis://127.0.0.1:${port}`, RESP: 3, clientSideCache: { ttl: 0, maxEntries: 0 } });
  await cached.connect();
  await cached.set('session', JSON.stringify(claims));
  await cached.get('session');
  const { token } = await client.create('alice', { roles: ['customer'], scopes: ['transfers:read'] });
  await client.load(token);
  // A secret is given as a string, a Buffer or a KeyObject; the one that jsonwebtoken is fastest with counts.
  const secret = '0123456789abcdef0123456789abcdef';
  const keys = [secret, Buffer.from(secret), createSecretKey(Buffer.from(secret))];
  const signed = jwt.sign(claims, secret);

  const ours = async () => {
    for (let attempt = 0; attempt < 50; ++attempt) {
      await client.load(token);
      const time = timeSync(() => client.tryLoad(token), 400_000);
      if (client.tryLoad(token)) return time; // else a busy machine kept the link from proving itself: those were no hits
    }
    throw new Error('the near cache could not be kept for a round');
  };
  const verifyWith = (key) => timeSync(() => jwt.verify(signed, key, { algorithms: ['HS256'] }), 3_000);
  const verify = () => Math.min(...keys.map(verifyWith));
  const get = () => timeAwaited(() => cached.get('session'), 100_000);
  const [againstJwt, againstCache] = [[], []];
  for (let i = 0; i <= rounds; ++i) {
    const pairs = [[await ours(), verify()], [await ours(), await get()]];
    if (i > 0) againstJwt.push(pairs[0]), againstCache.push(pairs[1]); // the first round warms up
  }
  client.close();
  cached.destroy();
  return [
    entry('P5a', 'Node: a hit against jsonwebtoken HS256', againstJwt, 30, 'ns'),
    entry('P5b', "Node: a hit against one in node-redis' client-side cache", againstCache, 3, 'ns'),
  ];
}

// Answers per second with 256 in flight.
async function throughput(ask, count) {
  let left = count;
  const worker = async (i) => {
    while (left-- > 0) await ask(i);
  };
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: 256 }, (_, i) => worker(i)));
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}

async function misses(port) {
  const patient = { command_timeout: '5s', operation_timeout: '10s' }; // the machine may be busy
  const client = new Client({ redis: { url: `redis://127.0.0.1:${port}/0`, ...patient }, near_cache: { enabled: false } });
  const peer = new Redis(port, '127.0.0.1', { enableAutoPipelining: true });
  const tokens = [];
  for (let i = 0; i < 256; ++i) {
    tokens.push((await client.create(`p${i}`, { roles: ['customer'], scopes: ['transfers:read'] })).token);
    await peer.set(`session${i}`, JSON.stringify(claims));
  }
  const pairs = [];
  for (let i = 0; i <= rounds; ++i) {
    const pair = [
      await throughput((n) => client.load(tokens[n]), 60_000),
      await throughput((n) => peer.get(`session${n}`), 60_000),
    ];
    if (i > 0) pairs.push(pair);
  }
  client.close();
  peer.disconnect();
  return entry('P9b', 'Node: 256 misses in flight against ioredis with autopipelining', pairs, 1.3, 'reads/s');
}

async function startSite(kind, redisPort) {
  const port = await freePort();
  const site = fork(fileURLToPath(new URL('site.mjs', import.meta.url)), [kind, redisPort, port].map(String));
  await once(site, 'message');
  const [response] = await once(http.get({ port, host: '127.0.0.1', path: '/fill', agent: false }), 'response');
  response.resume();
  const cookie = response.headers['set-cookie']?.[0].split(';')[0] ?? 'sid=of-nobody';
  return { port, cookie, stop: () => site.kill() };
}

function requestsPerSecond({ port, cookie }, seconds) {
  const args = ['-t1', '-c16', `-d${seconds}s`, '-H', `Cookie: ${cookie}`, `http://127.0.0.1:${port}/show`];
  const report = execFileSync('tests/bench/load/wrk', args, { encoding: 'utf8' });
  assert.doesNotMatch(report, /Non-2xx/);
  return Number(/Requests\/sec: *([\d.]+)/.exec(report)[1]);
}

async function expressRequests(redisPort) {
  const pairs = [];
  // Processes of their own several times, so that the row does not hang on how the compiler fared in one.
  for (let i = 0; i < generations; ++i) {
    const sites = [];
    for (const kind of ['ficha', 'connect-redis', 'none']) sites.push(await startSite(kind, redisPort));
    for (const site of sites) requestsPerSecond(site, warmUp); // the compiler's time
    for (let j = 0; j < requestRounds; ++j) pairs.push(sites.map((site) => requestsPerSecond(site, seconds)));
    for (const site of sites) site.stop();
  }
  const [ours, theirs, bare] = [0, 1, 2].map((i) => median(pairs.map((round) => 1e6 / round[i])));
  const added = [ours, theirs].map((microseconds) => (microseconds - bare).toFixed(0));
  console.log(`      without sessions ${(1e6 / bare).toFixed(0)} requests/s; ficha adds ${added[0]} us to a request, connect-redis ${added[1]} us`);
  const what = 'An Express request reading a sliding session: ficha against express-session on connect-redis';
  return entry('P13a', what, pairs, 1.5, 'requests/s');
}

const { values: options } = parseArgs({ options: { json: { type: 'string' }, web: { type: 'boolean' } } });
console.log(`      Node ${process.version}`);
const redis = await startRedis();
const rows = options.web ? [] : [...(await hits(redis.port)), await misses(redis.port)];
rows.push(await expressRequests(redis.port));
redis.stop();
for (const { id, ratio, op, target, ours, theirs, unit, what } of rows) {
  const verdict = ratio >= target ? 'ok' : 'MISSED';
  console.log(`${id.padEnd(5)} ${ratio} ${op} ${target}  ${verdict.padEnd(7)} ${ours} against ${theirs} ${unit}: ${what}`);
}
if (options.json) fs.writeFileSync(options.json, JSON.stringify(rows, null, 1));
