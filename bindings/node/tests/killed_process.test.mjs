// A process may die between any two instructions. Whatever it left behind must be a state that an operation promises.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'ficha';
import { firstOutput, launch, until, useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();

const kills = 12;
const users = 8; // each about its own business, in one process

const config = (session = {}) => ({
  redis: { url: redis.url, connect_timeout: '10s', command_timeout: '10s', operation_timeout: '40s' },
  near_cache: { enabled: false },
  session,
});

const start = (business, session) =>
  launch(['race_programs.mjs', 'forEver', business, `${users}`], { FICHA_CONFIG: JSON.stringify(config(session)) });

// The process dies at a random moment after all of its users came round; when Redis has done what it had been sent:
async function killAtRandom(child) {
  await redis.command('FLUSHALL');
  const ended = once(child, 'exit');
  child.stdin.write('begin\n');
  await firstOutput(child);
  await sleep(Math.random() * 8);
  child.kill('SIGKILL');
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  await until(async () => (await redis.command('CLIENT LIST')).trim().split('\n').length === 1);
}

// No key without TTL, and no authenticated session that its index does not know.
async function expectConsistent() {
  const client = new Client(config());
  try {
    for (const key of await redis.command('KEYS *')) {
      assert.ok((await redis.command('PTTL', key)) > 0, key);
      if (!key.includes('@')) await expectIndexed(client, key);
    }
  } finally {
    client.close();
  }
}

async function expectIndexed(client, key) {
  const [name, route, id] = key.split(':');
  const session = await client.find(id);
  // A superseded one leads elsewhere.
  if (session?.id !== id || session.anonymous) return;
  assert.ok(await redis.command('ZSCORE', `${name}:${route}@${session.principal}`, id), key);
}

// How many authenticated sessions each user has, under whatever name.
async function authenticated() {
  const counts = new Array(users).fill(0);
  for (const index of await redis.command('KEYS ficha:*@*')) {
    counts[/\d+$/.exec(index)[0]] += await redis.command('ZCARD', index);
  }
  return counts;
}

const one = (count) => count === 1;
const atMost = (most) => (count) => count <= most;

for (const [sentence, business, expected, session] of [
  ['creating with a limit leaves no more than the limit', 'createForEver', atMost(3), { max_per_principal: 3 }],
  ['rotating leaves one live session', 'rotateForEver', one],
  ['re-authenticating leaves one live session', 'reauthenticateForEver', one],
  ['changing the principal never leaves two live sessions', 'changePrincipalForEver', atMost(1)],
  ['logging in from an anonymous session leaves at most one authenticated session', 'logInForEver', atMost(1)],
  ['revoking leaves nothing that the index does not know', 'revokeForEver', atMost(6)],
]) {
  test(`a process killed at any moment: ${sentence}`, async () => {
    let next = start(business, session);
    for (let kill = 0; kill < kills; ++kill) {
      const child = next;
      if (kill + 1 < kills) next = start(business, session); // while the other one runs
      await killAtRandom(child);
      await expectConsistent();
      const counts = await authenticated();
      assert.ok(counts.every(expected), `after kill ${kill}: ${counts}`);
    }
  });
}
