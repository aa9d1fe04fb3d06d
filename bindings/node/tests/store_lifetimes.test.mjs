// Patches that give a session new lifetimes, on every store.
import assert from 'node:assert/strict';
import * as ficha from 'ficha';
import { forEveryStore } from './store_suite.mjs';

// An absolute deadline is a whole second: a timeout of n seconds leaves a session n - 1 to n of them.
const day = 24 * 60 * 60;
const issue = (store) => store.client.create('alice', { idleTimeout: 100, absoluteTimeout: 1000 });

function assertWithin(value, from, to) {
  assert.ok(from <= value && value <= to, `${value} is not within ${from} and ${to}`);
}

forEveryStore((test, waitingTest) => {
  test('a patch gives a live session new lifetimes, and leaves its token and authentication time', async (store) => {
    const issued = await issue(store);
    const changes = { set: { cart: [1] }, idleTimeout: 3200, absoluteTimeout: 10_000 };
    assert.equal(await store.client.patch(issued, changes), 2);
    const session = await store.load(issued.token);
    assert.deepEqual(session.attributes.cart, [1]);
    assert.equal(session.idleSeconds, 3200);
    assertWithin(session.expiresAt - issued.createdAt, 10_000, 10_005);
    assertWithin(session.idleDeadline - issued.createdAt, 3200, 3405);
    assert.equal(session.authenticatedAt, issued.authenticatedAt);
    assert.equal(session.createdAt, issued.createdAt);
  });

  waitingTest('a shorter absolute timeout ends the session then', async (store) => {
    const { id, token } = await issue(store);
    await store.client.patch(id, { absoluteTimeout: 2 });
    assert.deepEqual(await store.listed('alice'), [id]);
    await store.pass(2100);
    assert.equal(await store.isLive(token), false);
    assert.deepEqual(await store.listed('alice'), []);
  });

  waitingTest('a shorter idle timeout ends an unused session then', async (store) => {
    const { id, token, expiresAt } = await issue(store);
    await store.client.patch(id, { idleTimeout: 1 });
    assert.equal((await store.load(token)).expiresAt, expiresAt);
    await store.pass(1200);
    assert.equal(await store.isLive(token), false);
  });

  test('without an idle timeout the session lives to its absolute deadline', async (store) => {
    const { id, token, expiresAt } = await issue(store);
    await store.client.patch(id, { idleTimeout: 0 });
    const session = await store.load(token);
    assert.equal(session.idleSeconds, 0);
    assertWithin(session.idleDeadline, expiresAt - 1, expiresAt); // as known by a reader, whose round trip took time
  });

  test('the idle deadline is never later than the absolute one', async (store) => {
    const { id, token, expiresAt } = await issue(store);
    await store.client.patch(id, { idleTimeout: 5000 });
    assert.ok((await store.load(token)).idleDeadline <= expiresAt);
  });

  waitingTest('a prolonged session stays in the list beyond its former deadline', async (store) => {
    const brief = await store.client.create('bob', { absoluteTimeout: 2 });
    await store.client.patch(brief, { absoluteTimeout: 1000 });
    await store.pass(3100);
    const next = await store.client.create('bob'); // a creation tidies the index
    assert.deepEqual((await store.listed('bob')).sort(), [brief.id, next.id].sort());
    assert.equal(await store.client.revokePrincipal('bob'), 2);
    assert.equal(await store.isLive(brief.token), false);
  });

  test('a session that was prolonged is no longer the oldest', async (store) => {
    const client = store.open({ max_per_principal: 2 });
    const [first, second] = [await client.create('carol'), await client.create('carol')];
    await client.patch(first, { absoluteTimeout: day });
    await client.create('carol');
    assert.equal(await store.isLive(first.token, client), true);
    assert.equal(await store.isLive(second.token, client), false);
  });

  test('an anonymous session takes new lifetimes, too', async (store) => {
    const anonymous = await store.client.create();
    await store.client.patch(anonymous, { idleTimeout: 60 });
    assert.equal((await store.load(anonymous.token)).idleSeconds, 60);
  });

  test('nothing changes when another part of the patch is refused', async (store) => {
    const { id, token } = await issue(store);
    await store.client.patch(id, { set: { cart: [] } });
    await assert.rejects(store.client.patch(id, { add: { cart: [1] }, idleTimeout: 60 }), ficha.AttributeExists);
    assert.equal((await store.load(token)).idleSeconds, 100);
  });

  test('lifetimes out of range are refused', async (store) => {
    const { id, token } = await issue(store);
    const wrong = [
      { idleTimeout: -1 },
      { idleTimeout: 1.5 },
      { absoluteTimeout: 0 },
      { absoluteTimeout: 401 * day },
      { idleTimeout: 61, absoluteTimeout: 60 },
    ];
    for (const lifetimes of wrong) await assert.rejects(store.client.patch(id, lifetimes), ficha.InvalidArgument);
    assert.equal((await store.load(token)).generation, 1);
  });

  test('those of all sessions of a principal stay as they are', async (store) => {
    const { token } = await issue(store);
    await assert.rejects(store.client.patchPrincipal('alice', { idleTimeout: 60 }), ficha.InvalidArgument);
    assert.equal((await store.load(token)).idleSeconds, 100);
  });

  test('a revoked session stays gone', async (store) => {
    const { id, token } = await issue(store);
    await store.client.revoke(id);
    await assert.rejects(store.client.patch(id, { absoluteTimeout: 60 }), ficha.SessionGone);
    assert.equal(await store.isLive(token), false);
  });
});
