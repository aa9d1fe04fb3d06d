// Clients, workers and processes that get in each other's way on one real Redis.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { beforeEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Client, SessionGone } from 'ficha';
import { firstOutput, launch, outcome, useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();
beforeEach(() => redis.command('FLUSHALL'));

// Generous: what is tested is the outcome, on a machine that may be busy.
const config = (session = {}) => ({
  redis: { url: redis.url, connect_timeout: '10s', command_timeout: '10s', operation_timeout: '40s' },
  session,
});
const environment = (session) => ({ FICHA_CONFIG: JSON.stringify(config(session)) });
const start = (args, env) => launch(['race_programs.mjs', ...args], { ...environment(), ...env });

function open(t, from = config()) {
  const client = new Client(from);
  t.after(() => client.close());
  return client;
}

const gone = (error) => assert.ok(error instanceof SessionGone, error.name);

// --- writers ---------------------------------------------------------------------------------------------------------

const writes = 2000;
const success = { ended: 0, output: '', errors: '' };

async function expectAllWritten(t, token) {
  const { attributes, generation } = await open(t).load(token);
  assert.deepEqual([attributes.left, attributes.right, generation], [writes, writes, 1 + 2 * writes]);
}

test('two processes that write different attributes lose nothing', async (t) => {
  const { token: TOKEN } = await open(t).create('alice');
  const writers = ['left', 'right'].map((name) => outcome(start(['write', name, `${writes}`], { TOKEN })));
  assert.deepEqual(await Promise.all(writers), [success, success]);
  await expectAllWritten(t, TOKEN);
});

test('two worker threads that write different attributes lose nothing', async (t) => {
  const { token: TOKEN } = await open(t).create('alice');
  const env = { ...process.env, ...environment(), TOKEN };
  const program = new URL('./race_programs.mjs', import.meta.url);
  const writers = ['left', 'right'].map((name) => new Worker(program, { argv: ['write', name, `${writes}`], env }));
  assert.deepEqual(await Promise.all(writers.map((worker) => once(worker, 'exit'))), [[0], [0]]);
  await expectAllWritten(t, TOKEN);
});

for (const kind of ['redis', 'memory']) {
  test(`a hundred patches at once lose nothing, on ${kind}`, async (t) => {
    const client = open(t, kind === 'redis' ? config() : 'memory://');
    const session = await client.create('a', { attributes: { n: 0 } });
    const patches = Array.from({ length: 100 }, (_, i) => client.patch(session, { set: { [`k${i}`]: i }, increment: { n: 1 } }));
    await Promise.all(patches);
    const { attributes, generation } = await client.load(session.token, { fresh: true });
    assert.deepEqual([Object.keys(attributes).length, attributes.n, generation], [101, 100, 101]);
  });
}

// --- revocation ------------------------------------------------------------------------------------------------------

// Begins both at once, each of them first in every second round.
async function atOnce(round, ...calls) {
  const order = round % 2 ? [0, 1] : [1, 0];
  const begun = [];
  for (const i of order) begun[i] = calls[i]();
  return Promise.all(begun);
}

for (const [whose, twoClients, twoOf] of [
  ['of another client', true, () => config()],
  ['of the same client', false, () => config()],
  ['of the same client on memory', false, () => 'memory://'],
]) {
  test(`a save that races a revoke ${whose} never revives the session`, async (t) => {
    const saver = open(t, twoOf());
    const revoker = twoClients ? open(t, twoOf()) : saver;
    for (let round = 0; round < 1000; ++round) {
      const { id, token } = await revoker.create('alice');
      const save = async () => {
        await saver.patch(id, { set: { a: 1 } }).catch(gone);
        await saver.load(token);
      };
      const [, revoked] = await atOnce(round, save, () => revoker.revoke(id));
      assert.equal(revoked, true);
      assert.equal(await saver.load(token, { fresh: true }), null, `revived in round ${round}`);
    }
    assert.equal((await saver.list('alice')).length, 0);
    assert.equal(await redis.command('DBSIZE'), 0);
  });
}

test('a rotation that races a revoke of the principal leaves nothing live', async (t) => {
  const [rotator, revoker] = [open(t), open(t)];
  for (let round = 0; round < 1000; ++round) {
    const { id, token } = await revoker.create('alice');
    const rotate = () => rotator.rotate(id, { grace: 30 }).catch((error) => gone(error) ?? null);
    const [rotated, revoked] = await atOnce(round, rotate, () => revoker.revokePrincipal('alice'));
    assert.equal(revoked, 1);
    assert.equal(await rotator.load(token, { fresh: true }), null, `alive in round ${round}`);
    if (rotated) assert.equal(await rotator.load(rotated.token), null, `alive in round ${round}`);
    assert.equal((await revoker.list('alice')).length, 0);
  }
});

// --- rotation --------------------------------------------------------------------------------------------------------

test('no load misses a session that is being rotated with grace', async (t) => {
  const [rotator, reader] = [open(t), open(t)];
  let newest = await rotator.create('alice', { attributes: { owner: 'alice' } });
  let loads = 0;
  let rotating = true;
  const read = async (client) => {
    for (; rotating; ++loads) {
      assert.equal((await client.load(newest.token))?.attributes.owner, 'alice');
      await turn(); // a hit takes none
    }
  };
  const rotate = async () => {
    for (let round = 0; round < 1000 || loads < 1000; ++round) newest = await rotator.rotate(newest, { grace: 30 });
  };
  await Promise.all([rotate().finally(() => (rotating = false)), read(rotator), read(reader)]);
  assert.equal((await rotator.list('alice')).length, 1);
});

test('of two rotations without grace one wins', async (t) => {
  const clients = [open(t), open(t)];
  for (let round = 0; round < 300; ++round) {
    const { id } = await clients[0].create('alice');
    const rotations = clients.map((client) => () => client.rotate(id).then(() => 'won', (error) => gone(error) ?? 'gone'));
    assert.deepEqual((await atOnce(round, ...rotations)).sort(), ['gone', 'won'], `in round ${round}`);
    assert.equal((await clients[0].list('alice')).length, 1);
    assert.equal(await clients[0].revokePrincipal('alice'), 1);
  }
});

// --- logins ----------------------------------------------------------------------------------------------------------

const limit = 5;
const processes = 4;
const logins = 25; // of each process: 100 in all

// All logins at once; how many succeeded.
async function logInEverywhere(t, onLimit) {
  const env = environment({ max_per_principal: limit, on_limit: onLimit });
  const children = Array.from({ length: processes }, () => start(['logIn', `${logins}`], env));
  await Promise.all(children.map(firstOutput));
  const ends = children.map(outcome);
  for (const { stdin } of children) stdin.end('go\n');
  let succeeded = 0;
  for (const { ended, output, errors } of await Promise.all(ends)) {
    assert.deepEqual([ended, errors], [0, '']);
    succeeded += Number(output);
  }
  // Every session of alice that Redis still holds, known to the index or not.
  const stored = (await redis.command('KEYS', 'ficha:*')).filter((key) => !key.includes('@'));
  assert.deepEqual([(await open(t).list('alice')).length, stored.length], [limit, limit]);
  return succeeded;
}

test('of a hundred parallel logins the limit remains', async (t) => {
  assert.equal(await logInEverywhere(t, 'evict_oldest'), processes * logins);
});

test('of a hundred parallel logins no more than the limit succeeds', async (t) => {
  assert.equal(await logInEverywhere(t, 'refuse'), limit);
});
