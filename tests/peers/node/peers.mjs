// Runs what users of express-session and @fastify/session have, on those and on ficha in their place, and compares the
// outcomes. Searches Redis for live tokens after every step.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from 'redis';
import { everythingIn, tokensIn } from './at_rest.mjs';
import { Browser } from './browser.mjs';
import { differences, heading, page } from './differences.mjs';
import { expressScenarios, listening } from './express_scenarios.mjs';
import { fastifyScenarios } from './fastify_scenarios.mjs';
import { nestScenarios } from './nest_scenarios.mjs';
import { ficha, peer } from './sides.mjs';
import { socketScenarios } from './socket_scenarios.mjs';

const scenarios = { ...expressScenarios, ...socketScenarios, ...nestScenarios, ...fastifyScenarios };

async function startRedis() {
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', path.join(process.argv[2], 'redis.sock'), '--save', ''], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept connections') || String(chunk).includes('ready to accept')) break;
  server.stdout.resume();
  return server;
}

/** step → outcome, of one scenario on one side. */
async function outcomesOf(scenario, side, redis) {
  const outcomes = new Map();
  const endings = [];
  const browsers = [];
  const later = (end) => endings.push(end);
  const browse = (port) => {
    browsers.push(new Browser(port));
    return browsers.at(-1);
  };
  const listen = async (server) => {
    const port = await listening(server);
    later(() => server.closeAllConnections() ?? server.close());
    return port;
  };
  const serve = async (app) => {
    app.set('env', 'test'); // no stack traces on the console
    const { createServer } = await import('node:http');
    return browse(await listen(createServer(app)));
  };
  const step = async (name, outcome) => {
    assert.ok(!outcomes.has(name), name);
    outcomes.set(name, JSON.stringify(outcome) ?? 'undefined');
    if (side.name === 'ficha') await checkAtRest(redis, browsers, name);
  };
  try {
    await scenario({ side, sessions: side.express, serve, browse, listen, later, step });
  } catch (error) {
    outcomes.set('the scenario', `${error.name}: ${error.message}`);
  } finally {
    for (const end of endings.reverse()) await end();
  }
  return outcomes;
}

let searched = 0;
async function checkAtRest(redis, browsers, name) {
  const tokens = browsers.flatMap(({ seen }) => [...seen]).filter((value) => value.startsWith('fch1_'));
  if (tokens.length === 0) return;
  searched += tokens.length;
  assert.equal(tokensIn(await everythingIn(redis), tokens).length, 0, `a live token is in Redis after "${name}"`);
}

/** That the search finds what is hidden in each of the ways. */
async function checkTheSearch(redis) {
  const token = `fch1_${'Ab-_'.repeat(12)}xyz`;
  const hidden = [token, Buffer.from(`sid=${token}`).toString('base64'), encodeURIComponent(JSON.stringify({ cookie: token })).replaceAll('f', '%66')];
  for (const text of [...hidden, JSON.stringify(JSON.stringify({ t: Buffer.from(hidden[1]).toString('base64') }))]) {
    await redis.set('hidden', text);
    assert.deepEqual(tokensIn(await everythingIn(redis), [token]), [token]);
  }
  await redis.del('hidden');
}

const whatPageSays = fs.readFileSync(fileURLToPath(new URL(`../../../${page}`, import.meta.url)), 'utf8').split(heading)[1] ?? '';
const short = (text) => (text.length > 90 ? `${text.slice(0, 87)}…` : text);
const counts = { equal: 0, named: 0, wrong: 0 };

function report(name, theirs, ours) {
  for (const step of new Set([...theirs.keys(), ...ours.keys()])) {
    const [expected, actual] = [theirs.get(step), ours.get(step)];
    const where = `${name}: ${step}`;
    const said = differences[where];
    const isNamed = said !== undefined && whatPageSays.includes(said);
    const kind = expected !== actual ? (isNamed ? 'named' : 'wrong') : said === undefined ? 'equal' : 'wrong';
    ++counts[kind];
    console.log(`${kind.padEnd(6)} ${where}: ${expected === actual ? short(actual) : `${short(expected ?? '-')}, on ficha ${short(actual ?? '-')}`}`);
    if (kind === 'named') console.log(`       ${page}, "${heading.replace(/^#+ /, '')}": ${said}`);
  }
}

const server = await startRedis();
const url = `unix://${path.join(process.argv[2], 'redis.sock')}`;
const redis = createClient({ socket: { path: path.join(process.argv[2], 'redis.sock') } });
await redis.connect();
const ours = ficha(url);
try {
  await checkTheSearch(redis);
  for (const [name, scenario] of Object.entries(scenarios)) {
    report(name, await outcomesOf(scenario, peer, redis), await outcomesOf(scenario, ours, redis));
  }
} finally {
  ours.close();
  redis.destroy();
  server.kill('SIGKILL');
  await once(server, 'exit');
}
assert.ok(searched > 100, 'tokens were searched for');
console.log(`${counts.equal} outcomes as with the peer, ${counts.named} that the documentation names, ${counts.wrong} others; ${searched} searches for a token in Redis found none`);
process.exit(counts.wrong === 0 ? 0 : 1);
