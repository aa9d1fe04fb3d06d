// Revoking one session, and all that concerns every session of a principal, on every store.
import assert from 'node:assert/strict';
import * as ficha from 'ficha';
import { forEveryStore } from './store_suite.mjs';

const createMany = (store, count) => Promise.all(Array.from({ length: count }, () => store.client.create('alice')));

forEveryStore((test, waitingTest) => {
  test('a revoked session is gone', async (store) => {
    const issued = await store.client.create('alice');
    assert.ok(await store.client.load(issued.token));
    assert.equal(await store.client.revoke(issued), true);
    assert.equal(await store.client.load(issued.token), null);
    assert.equal(await store.isLive(issued.token), false);
    assert.deepEqual(await store.listed('alice'), []);
  });

  test('what is not there is not found', async (store) => {
    const issued = await store.client.create('alice');
    await store.client.revoke(issued);
    assert.equal(await store.client.revoke(issued), false);
    assert.equal(await store.client.revoke('A'.repeat(24)), false);
  });

  test('other sessions of the principal stay', async (store) => {
    const [one, other] = [await store.client.create('alice'), await store.client.create('alice')];
    await store.client.revoke(one.id);
    assert.equal(await store.isLive(other.token), true);
    assert.deepEqual(await store.listed('alice'), [other.id]);
  });

  test('an anonymous session can be revoked', async (store) => {
    const anonymous = await store.client.create();
    assert.equal(await store.client.revoke(anonymous), true);
    assert.equal(await store.isLive(anonymous.token), false);
  });

  test("all sessions of the principal die, and nobody else's", async (store) => {
    const [first, second] = [await store.client.create('alice'), await store.client.create('alice')];
    const [bob, anonymous] = [await store.client.create('bob'), await store.client.create()];
    assert.ok(await store.client.load(first.token));
    assert.equal(await store.client.revokePrincipal('alice'), 2);
    assert.equal(await store.client.load(first.token), null);
    assert.equal(await store.isLive(second.token), false);
    assert.equal(await store.isLive(bob.token), true);
    assert.equal(await store.isLive(anonymous.token), true);
    assert.deepEqual(await store.listed('alice'), []);
  });

  test('one may be kept', async (store) => {
    const [here, there] = [await store.client.create('alice'), await store.client.create('alice')];
    assert.equal(await store.client.revokePrincipal('alice', { keep: here }), 1);
    assert.equal(await store.isLive(here.token), true);
    assert.equal(await store.isLive(there.token), false);
  });

  test('the one to keep may be named by the id it had before a rotation', async (store) => {
    const before = await store.client.create('alice');
    await store.client.create('alice');
    const after = await store.client.rotate(before, { grace: 30 });
    await store.client.revokePrincipal('alice', { keep: before.id });
    assert.deepEqual(await store.listed('alice'), [after.id]);
  });

  test('a superseded token dies with its successor', async (store) => {
    const before = await store.client.create('alice');
    await store.client.rotate(before, { grace: 30 });
    assert.equal(await store.client.revokePrincipal('alice'), 1);
    assert.equal(await store.isLive(before.token), false);
  });

  test('a principal without sessions has none revoked', async (store) => {
    assert.equal(await store.client.revokePrincipal('nobody'), 0);
  });

  test('thousands of sessions all die', async (store) => {
    const issued = await createMany(store, 1500);
    assert.equal(await store.client.revokePrincipal('alice'), 1500);
    const live = await Promise.all(issued.map(({ token }) => store.isLive(token)));
    assert.equal(live.filter(Boolean).length, 0);
  });

  test('the anonymous have no principal to revoke, list or patch', async (store) => {
    await assert.rejects(store.client.revokePrincipal(''), ficha.InvalidArgument);
    await assert.rejects(store.client.list(''), ficha.InvalidArgument);
    await assert.rejects(store.client.patchPrincipal('', {}), ficha.InvalidArgument);
  });

  test('a changed role counts at once in every session', async (store) => {
    const issue = (principal) => store.client.create(principal, { roles: ['admin'] });
    const [first, second, bob] = [await issue('alice'), await issue('alice'), await issue('bob')];
    assert.ok(await store.client.load(first.token));
    assert.equal(await store.client.patchPrincipal('alice', { set: { note: 1 }, roles: [] }), 2);
    for (const { token } of [first, second]) {
      const { roles, attributes, generation } = await store.client.load(token);
      assert.deepEqual([roles, attributes.note, generation], [[], 1, 2]);
    }
    assert.deepEqual((await store.load(bob.token)).roles, ['admin']);
  });

  test('a session that is already as wanted is not written', async (store) => {
    const issued = await store.client.create('alice', { roles: ['admin'] });
    assert.equal(await store.client.patchPrincipal('alice', { roles: ['admin'] }), 1);
    assert.equal((await store.load(issued.token)).generation, 1);
  });

  test('hundreds of sessions are all visited', async (store) => {
    const issued = await createMany(store, 350);
    assert.equal(await store.client.patchPrincipal('alice', { set: { a: 1 } }), 350);
    const loaded = await Promise.all(issued.map(({ token }) => store.load(token)));
    for (const session of loaded) assert.equal(session.attributes.a, 1);
  });

  test('what may not happen twice is refused', async (store) => {
    const issued = await store.client.create('alice');
    for (const changes of [{ add: { a: 1 } }, { increment: { a: 1 } }, { set: { a: 1 }, expectedGeneration: 1 }]) {
      await assert.rejects(store.client.patchPrincipal('alice', changes), ficha.InvalidArgument);
    }
    assert.equal((await store.load(issued.token)).generation, 1);
  });

  test('live sessions are listed oldest first, with device and times', async (store) => {
    const first = await store.client.create('alice', { device: { address: '192.0.2.1', userAgent: 'one' } });
    const second = await store.client.create('alice', { device: { address: '192.0.2.2', userAgent: 'two' } });
    await store.client.create('bob');
    const sessions = await store.client.list('alice');
    assert.deepEqual(sessions.map(({ id }) => id), [first.id, second.id]);
    for (const [i, issued] of [first, second].entries()) {
      const { device, createdAt, expiresAt, idleDeadline, token } = sessions[i];
      assert.deepEqual([device, createdAt, expiresAt, token], [issued.device, issued.createdAt, issued.expiresAt, null]);
      assert.ok(idleDeadline > createdAt);
    }
  });

  waitingTest('sessions that ended are not listed', async (store) => {
    await store.client.create('alice', { idleTimeout: 1 });
    const lasting = await store.client.create('alice');
    await store.pass(1100);
    assert.deepEqual(await store.listed('alice'), [lasting.id]);
  });

  waitingTest('listing keeps no session alive', async (store) => {
    const idle = await store.client.create('alice', { idleTimeout: 1 });
    await store.pass(700);
    assert.deepEqual(await store.listed('alice'), [idle.id]);
    await store.pass(500);
    assert.deepEqual(await store.listed('alice'), []);
  });

  test('names that mean something to Redis are just names', async (store) => {
    for (const principal of ['*', 'a b', '{x}', 'ä\u2028', '$-1', 'alice@example.org']) {
      const issued = await store.client.create(principal);
      assert.deepEqual(await store.listed(principal), [issued.id]);
      assert.equal((await store.load(issued.token)).principal, principal);
    }
  });
});
