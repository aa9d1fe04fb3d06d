// The near cache through Node: what is answered from memory, and when it no longer is.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { beforeEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Client } from 'ficha';
import { patient, startRedis, until, useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();
beforeEach(() => redis.command('FLUSHALL'));

const config = ({ near_cache: nearCache = {}, session = {}, url = redis.url } = {}) => ({
  redis: { url, connect_timeout: '10s', command_timeout: '10s', operation_timeout: '20s' },
  near_cache: nearCache,
  session,
});

function open(t, settings) {
  const client = new Client(config(settings));
  t.after(() => client.close());
  return client;
}
// Two clients of one system: `here` caches, `there` changes things.
const openBoth = (t, settings) => [open(t, settings), open(t, settings)];

// Without asking Redis.
const cached = (client, token) => client.tryLoad(token, { touch: false }) ?? null;

async function keyOf({ id }) {
  const [key] = (await redis.command('KEYS', `ficha:*:${id}`)) ?? [];
  return key;
}

test('a second load asks nobody: it is synchronous, and the same object', async (t) => {
  const [here, there] = openBoth(t, patient);
  const { token } = await there.create('alice');
  assert.equal(here.tryLoad(token), undefined);
  const loaded = await here.load(token);
  const before = here.stats();
  const asked = await redis.asked();
  for (let i = 0; i < 1000; ++i) {
    assert.equal(here.tryLoad(token), loaded);
    assert.equal(await here.load(token), loaded);
  }
  const after = here.stats();
  assert.equal(await redis.asked(), asked);
  assert.equal(after.hits - before.hits, 2000);
  assert.equal(after.cacheEntries, 1);
  assert.ok(after.cacheBytes > 0);
});

// --- coherence -------------------------------------------------------------------------------------------------------

// Another process's client: the answer to a call of one of its methods.
function openElsewhere(t) {
  const env = { ...process.env, FICHA_CONFIG: JSON.stringify(config()) };
  const child = fork(new URL('./client_process.mjs', import.meta.url), { env });
  const ended = once(child, 'exit');
  t.after(async () => {
    if (child.connected) child.disconnect();
    assert.deepEqual(await ended, [0, null]);
  });
  return async (...call) => {
    child.send(call);
    return (await Promise.race([once(child, 'message'), ended]))[0];
  };
}

test('what another process does is seen after one push', async (t) => {
  const here = open(t);
  const there = openElsewhere(t);
  const deeds = {
    patch: async ({ id }) => assert.equal(await there('patch', id, { set: { v: 1 } }), 2),
    revoke: async ({ id }) => assert.equal(await there('revoke', id), true),
    'revoke the principal': async ({ principal }) => assert.equal(await there('revokePrincipal', principal), 1),
    'patch the principal': async ({ principal }) => assert.equal(await there('patchPrincipal', principal, { roles: ['new'] }), 1),
    'rotate with grace': ({ id }) => there('rotate', id, { grace: 5 }),
    'delete the key': async (session) => redis.command('DEL', await keyOf(session)),
    'let the key expire': async (session) => {
      const key = await keyOf(session);
      await redis.command('PEXPIRE', key, '1'); // which is pushed as well, before the key is gone
      await until(async () => (await redis.command('EXISTS', key)) === 0);
    },
    'delete all keys': () => redis.command('FLUSHALL'),
  };
  const witness = open(t);
  for (const [name, deed] of Object.entries(deeds)) {
    const session = await witness.create(`who will ${name}`);
    await here.load(session.token);
    assert.ok(cached(here, session.token), name);
    await deed(session);
    await until(() => !cached(here, session.token));
    const [seen, stored] = [await here.load(session.token), await witness.load(session.token, { fresh: true })];
    assert.deepEqual([seen?.id, seen?.generation], [stored?.id, stored?.generation], name);
  }
  assert.ok(here.stats().invalidations >= Object.keys(deeds).length - 1);
});

test('what this client does it sees at once', async (t) => {
  const here = open(t);
  const ends = [
    (session) => here.revoke(session),
    () => here.revokePrincipal('alice'),
    (session) => here.rotate(session),
    async (session) => here.login(await here.load(session.token), 'alice'),
  ];
  for (let i = 0; i < 200; ++i) {
    const session = await here.create('alice');
    const { token } = session;
    assert.equal((await here.load(token)).id, session.id);
    const generation = await here.patch(session, { set: { v: i } });
    const loaded = await here.load(token);
    assert.deepEqual([loaded.generation, loaded.attributes.v], [generation, i]);
    // The write's own push may still spoil the first read behind it.
    await until(async () => (await here.load(token)) && cached(here, token)?.generation === generation);
    await ends[i % ends.length](session);
    assert.equal(await here.load(token), null, `round ${i}`);
  }
});

test('an eviction by the session limit is seen at once', async (t) => {
  const client = open(t, { session: { max_per_principal: 1 } });
  const { token } = await client.create('alice');
  await client.load(token);
  assert.ok(cached(client, token));
  await client.create('alice');
  assert.equal(await client.load(token), null);
});

test('a rotated token with grace is never served from memory', async (t) => {
  const here = open(t);
  const old = await here.create('alice');
  const rotated = await here.rotate(old, { grace: 5 });
  for (let i = 0; i < 3; ++i) {
    assert.equal((await here.load(old.token)).id, rotated.id);
    assert.equal(cached(here, old.token), null);
  }
  await here.load(rotated.token);
  assert.equal(cached(here, rotated.token).id, rotated.id);
});

// --- what is not answered from memory --------------------------------------------------------------------------------

test('a fresh read asks Redis whatever is cached', async (t) => {
  const [here, there] = openBoth(t, patient);
  const { token } = await there.create('alice');
  await here.load(token);
  const asked = await redis.asked();
  assert.ok(await here.load(token, { fresh: true }));
  assert.equal(await redis.asked(), asked + 2);
  assert.ok(cached(here, token), 'what was read anew is kept');
  assert.equal(here.tryLoad(token, { fresh: true }), undefined);
});

test('with the near cache off every load asks Redis', async (t) => {
  const client = open(t, { near_cache: { enabled: false } });
  const { token } = await client.create('alice');
  for (let i = 0; i < 3; ++i) {
    const asked = await redis.asked();
    assert.ok(await client.load(token));
    assert.ok((await redis.asked()) >= asked + 2);
    assert.equal(cached(client, token), null);
  }
  assert.equal(client.stats().cacheEntries, 0);
});

test('an unknown token takes no place', async (t) => {
  const [here, there] = openBoth(t);
  const unknown = await there.create('alice');
  await there.revoke(unknown);
  for (let i = 0; i < 3; ++i) assert.equal(await here.load(unknown.token), null);
  const { cacheEntries, misses } = here.stats();
  assert.deepEqual([cacheEntries, misses], [0, 3]);
});

// --- the link --------------------------------------------------------------------------------------------------------

test('a broken link empties the cache, and it comes back', async (t) => {
  const [here, there] = openBoth(t);
  const { token } = await there.create('alice');
  await here.load(token);
  await redis.command('CLIENT KILL TYPE normal SKIPME yes');
  await until(() => here.stats().flushesDisconnect === 1);
  assert.equal(cached(here, token), null);
  await until(() => here.load(token).catch(() => false));
  await until(() => cached(here, token));
  assert.equal(here.stats().connects, 2);
});

test('a stopped server is not trusted beyond max_staleness', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const client = open(t, { url: server.url, near_cache: { max_staleness: '300ms' } });
  const { token } = await client.create('alice');
  await until(async () => (await client.load(token)) && cached(client, token));
  server.signal('SIGSTOP');
  const stopped = performance.now();
  while (cached(client, token)) assert.ok(performance.now() < stopped + 5000, 'still served');
  const servedMs = performance.now() - stopped;
  assert.ok(servedMs < 600, `served for ${servedMs} ms: max_staleness, and what a busy machine adds`);
  for (let i = 0; i < 100; ++i) assert.equal(cached(client, token), null);
  server.signal('SIGCONT');
  await until(async () => (await client.load(token)) && cached(client, token));
  assert.equal(client.stats().flushesStaleness, 1);
});

test('an idle link proves itself, so that hits go on, even while JavaScript keeps its thread', async (t) => {
  const client = open(t, { near_cache: { max_staleness: '500ms' } });
  const { token } = await client.create('alice');
  await until(async () => (await client.load(token)) && cached(client, token));
  for (const end = performance.now() + 1200; performance.now() < end; ) assert.ok(cached(client, token));
});

// --- touches ---------------------------------------------------------------------------------------------------------

test('many users of one session touch it once per quantum', async (t) => {
  // Idle for 16 s: a quantum is one second. Two clients, 1.5 s: at most two effective touches in all.
  const clients = openBoth(t);
  const { token } = await clients[0].create('alice', { idleTimeout: 16 });
  for (const end = Date.now() + 1500; Date.now() < end; await turn()) {
    for (const client of clients) assert.ok(await client.load(token));
  }
  const sum = (name) => clients.reduce((total, client) => total + client.stats()[name], 0);
  assert.ok(sum('touchesEffective') >= 1 && sum('touchesEffective') <= 2, `${sum('touchesEffective')} effective`);
  assert.ok(sum('touchesSent') <= 4, `${sum('touchesSent')} sent`);
  await until(() => clients.every((client) => cached(client, token)));
});

test('reading without touch sends none, and lets the session end', async (t) => {
  const [here, there] = openBoth(t);
  const { token } = await there.create('alice', { idleTimeout: 1 });
  await until(async () => !(await here.load(token, { touch: false })));
  assert.equal(here.stats().touchesSent, 0);
});
