// What load() and find() answer, and how long, on every store.
import assert from 'node:assert/strict';
import { Client } from 'ficha';
import { forEveryStore } from './store_suite.mjs';

async function unknownToken() {
  const elsewhere = new Client('memory://');
  const { token } = await elsewhere.create();
  elsewhere.close();
  return token;
}

forEveryStore((test, waitingTest) => {
  test('unknown, revoked and malformed tokens are all the same nothing', async (store) => {
    const revoked = await store.client.create('alice');
    await store.client.revoke(revoked);
    const { token: intact } = await store.client.create('alice');
    const damaged = intact.slice(0, -1) + (intact.endsWith('A') ? 'B' : 'A');
    for (const token of [revoked.token, await unknownToken(), damaged, `${intact}x`, 'fch1_', '', '\r\nGET x']) {
      assert.equal(await store.client.load(token), null);
    }
  });

  waitingTest('a live session is found by its id, without keeping it alive', async (store) => {
    const { id } = await store.client.create('alice', { attributes: { a: 1 }, idleTimeout: 1 });
    for (let i = 0; i < 2; ++i) {
      await store.pass(400);
      const found = await store.client.find(id);
      assert.deepEqual([found.id, found.token, found.attributes.a], [id, null, 1]);
    }
    await store.pass(400);
    assert.equal(await store.client.find(id), null);
    const revoked = await store.client.create('alice');
    await store.client.revoke(revoked);
    assert.equal(await store.client.find(revoked.id), null);
  });

  test('a token signed with another key is no session', async (store) => {
    const keyed = store.open({ token_keys: ['0123456789abcdef0123456789abcdef'] });
    const { token } = await keyed.create('alice');
    assert.equal(await store.isLive(token, keyed), true);
    assert.equal(await store.isLive(token), false);
  });

  test('the same answer comes again', async (store) => {
    const issued = await store.client.create('alice', { attributes: { a: 1 } });
    for (let i = 0; i < 3; ++i) {
      const loaded = await store.client.load(issued.token);
      assert.deepEqual([loaded.id, loaded.attributes.a], [issued.id, 1]);
    }
  });

  waitingTest('an unused session ends after its idle timeout', async (store) => {
    const { token } = await store.client.create('alice', { idleTimeout: 1 });
    await store.pass(800);
    assert.ok(await store.client.load(token, { touch: false }));
    await store.pass(400);
    assert.equal(await store.client.load(token, { touch: false }), null);
  });

  waitingTest('using a session keeps it alive', async (store) => {
    const { token } = await store.client.create('alice', { idleTimeout: 1 });
    for (let i = 1; i <= 3; ++i) {
      await store.pass(600);
      assert.ok(await store.client.load(token), `after ${i} times 600 ms`);
    }
  });

  waitingTest('reading without touch does not keep a session alive', async (store) => {
    const { token } = await store.client.create('alice', { idleTimeout: 1 });
    await store.pass(600);
    assert.ok(await store.client.load(token, { touch: false }));
    await store.pass(600);
    assert.equal(await store.client.load(token, { touch: false }), null);
  });

  waitingTest('no use keeps a session beyond its absolute deadline', async (store) => {
    const { token } = await store.client.create('alice', { idleTimeout: 1, absoluteTimeout: 2 });
    await store.pass(700);
    assert.ok(await store.client.load(token));
    await store.pass(700);
    await store.client.load(token);
    await store.pass(700);
    assert.equal(await store.client.load(token), null);
  });

  test('many sessions do not mix up', async (store) => {
    const issued = [];
    for (let n = 0; n < 200; ++n) issued.push(await store.client.create(`user-${n % 20}`, { attributes: { n } }));
    for (let round = 0; round < 2; ++round) {
      const loaded = await Promise.all(issued.map(({ token }) => store.client.load(token)));
      for (const [n, session] of loaded.entries()) {
        assert.deepEqual([session.id, session.principal, session.attributes.n], [issued[n].id, `user-${n % 20}`, n]);
      }
    }
  });
});
