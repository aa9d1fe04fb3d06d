// How many sessions a principal may have, on every store.
import assert from 'node:assert/strict';
import * as ficha from 'ficha';
import { forEveryStore } from './store_suite.mjs';

const atMost = (limit, onLimit) => ({ max_per_principal: limit, on_limit: onLimit });

forEveryStore((test, waitingTest) => {
  test('the oldest gives way to the newest', async (store) => {
    const client = store.open(atMost(2, 'evict_oldest'));
    const first = await client.create('alice');
    const second = await client.create('alice');
    const third = await client.create('alice');
    assert.equal(await store.isLive(first.token, client), false);
    assert.equal(await store.isLive(second.token, client), true);
    assert.equal(await store.isLive(third.token, client), true);
  });

  test('an evicted session is refused by the process that had read it', async (store) => {
    const client = store.open(atMost(1, 'evict_oldest'));
    const first = await client.create('alice');
    assert.ok(await client.load(first.token));
    assert.ok(await client.load(first.token));
    await client.create('alice');
    assert.equal(await client.load(first.token), null);
  });

  test('when full, a login is refused and nothing changes', async (store) => {
    const client = store.open(atMost(2, 'refuse'));
    const first = await client.create('alice');
    const second = await client.create('alice');
    await assert.rejects(client.create('alice'), ficha.SessionLimit);
    assert.equal(await store.isLive(first.token, client), true);
    assert.equal(await store.isLive(second.token, client), true);
  });

  test('a revoked session makes room', async (store) => {
    const client = store.open(atMost(1, 'refuse'));
    await client.revoke(await client.create('alice'));
    await client.create('alice');
  });

  waitingTest('a session that idled out makes room', async (store) => {
    const client = store.open(atMost(1, 'refuse'));
    await client.create('alice', { idleTimeout: 1 });
    await assert.rejects(client.create('alice'), ficha.SessionLimit);
    await store.pass(1100);
    await client.create('alice');
  });

  test('each principal has its own', async (store) => {
    const client = store.open(atMost(1, 'refuse'));
    await client.create('alice');
    await client.create('bob');
  });

  test('anonymous sessions have none', async (store) => {
    const client = store.open(atMost(1, 'refuse'));
    const [first, second] = [await client.create(), await client.create()];
    assert.equal(await store.isLive(first.token, client), true);
    assert.equal(await store.isLive(second.token, client), true);
  });

  test('re-authentication needs no room', async (store) => {
    const client = store.open(atMost(1, 'refuse'));
    await client.login(await client.create('alice'), 'alice');
  });
});
