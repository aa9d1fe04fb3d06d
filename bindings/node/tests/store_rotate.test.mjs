// Rotation, and the grace of the token before, on every store.
import assert from 'node:assert/strict';
import * as ficha from 'ficha';
import { forEveryStore } from './store_suite.mjs';

const issue = (store) =>
  store.client.create('alice', {
    roles: ['customer'],
    attributes: { cart: [1] },
    device: { address: '192.0.2.7', userAgent: 'curl/8' },
    level: 1,
  });

forEveryStore((test, waitingTest) => {
  test('the session moves to a new token and nothing else changes', async (store) => {
    const issued = await issue(store);
    const rotated = await store.client.rotate(issued);
    assert.ok(rotated.token !== issued.token);
    assert.notEqual(rotated.id, issued.id);
    for (const session of [rotated, await store.load(rotated.token)]) {
      assert.equal(session.id, store.client.sessionId(rotated.token));
      assert.equal(session.generation, 2);
      const kept = ['principal', 'roles', 'scopes', 'device', 'level', 'createdAt', 'expiresAt', 'authenticatedAt', 'idleSeconds'];
      for (const field of kept) assert.deepEqual(session[field], issued[field], field);
      assert.deepEqual({ ...session.attributes }, { cart: [1] });
    }
  });

  test('without grace the old token is dead at once', async (store) => {
    const issued = await issue(store);
    assert.ok(await store.client.load(issued.token));
    await store.client.rotate(issued);
    assert.equal(await store.client.load(issued.token), null);
    assert.equal(await store.isLive(issued.token), false);
  });

  waitingTest('with grace the old token leads to the same session for that long', async (store) => {
    const issued = await issue(store);
    const rotated = await store.client.rotate(issued, { grace: 1 });
    const byOld = await store.load(issued.token);
    assert.deepEqual([byOld.id, byOld.attributes.cart], [rotated.id, [1]]);
    await store.pass(1100);
    assert.equal(await store.isLive(issued.token), false);
    assert.equal(await store.isLive(rotated.token), true);
  });

  test('a request under way may still write under the old id', async (store) => {
    const issued = await issue(store);
    const rotated = await store.client.rotate(issued, { grace: 30 });
    await store.client.patch(issued, { set: { late: 1 } });
    assert.equal((await store.load(rotated.token)).attributes.late, 1);
  });

  test('without grace a write under the old id finds the session gone', async (store) => {
    const issued = await issue(store);
    await store.client.rotate(issued);
    await assert.rejects(store.client.patch(issued, { set: { late: 1 } }), ficha.SessionGone);
  });

  test('two rotations with grace chain', async (store) => {
    const first = await issue(store);
    const second = await store.client.rotate(first, { grace: 30 });
    const third = await store.client.rotate(second, { grace: 30 });
    for (const { token } of [first, second, third]) assert.equal((await store.load(token)).id, third.id);
  });

  test('rotating under a superseded id rotates its successor', async (store) => {
    const first = await issue(store);
    const second = await store.client.rotate(first, { grace: 30 });
    const third = await store.client.rotate(first);
    assert.equal(await store.isLive(second.token), false);
    assert.equal(await store.isLive(third.token), true);
    assert.equal(await store.isLive(first.token), false);
  });

  test('revoking under the old id revokes the session', async (store) => {
    const issued = await issue(store);
    const rotated = await store.client.rotate(issued, { grace: 30 });
    assert.equal(await store.client.revoke(issued), true);
    assert.equal(await store.isLive(rotated.token), false);
    assert.equal(await store.isLive(issued.token), false);
    assert.deepEqual(await store.listed('alice'), []);
  });

  test('revoking the successor leaves the old token dead', async (store) => {
    const issued = await issue(store);
    await store.client.revoke(await store.client.rotate(issued, { grace: 30 }));
    assert.equal(await store.isLive(issued.token), false);
  });

  test('the list knows the session by its new id only', async (store) => {
    const rotated = await store.client.rotate(await issue(store), { grace: 30 });
    assert.deepEqual(await store.listed('alice'), [rotated.id]);
  });

  test('an anonymous session rotates, too', async (store) => {
    const anonymous = await store.client.create('', { attributes: { cart: [2] } });
    const rotated = await store.client.rotate(anonymous);
    assert.equal(await store.isLive(anonymous.token), false);
    assert.deepEqual((await store.load(rotated.token)).attributes.cart, [2]);
    assert.equal(rotated.anonymous, true);
  });

  waitingTest('the idle deadline is kept', async (store) => {
    const idle = await store.client.create('alice', { idleTimeout: 1 });
    await store.pass(700);
    const rotated = await store.client.rotate(idle);
    await store.pass(500);
    assert.equal(await store.isLive(rotated.token), false);
  });

  test('a revoked session cannot be rotated back to life', async (store) => {
    const issued = await issue(store);
    await store.client.revoke(issued);
    await assert.rejects(store.client.rotate(issued), ficha.SessionGone);
    assert.deepEqual(await store.listed('alice'), []);
  });

  test('a grace of more than 30 seconds, or less than none, is refused', async (store) => {
    const issued = await issue(store);
    for (const grace of [31, -1]) await assert.rejects(store.client.rotate(issued, { grace }), ficha.InvalidArgument);
    assert.equal(await store.isLive(issued.token), true);
  });
});
