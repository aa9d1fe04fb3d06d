// Logins: of the anonymous, again, and as somebody else; on every store.
import assert from 'node:assert/strict';
import * as ficha from 'ficha';
import { forEveryStore, longText, manyAttributes } from './store_suite.mjs';

forEveryStore((test) => {
  test('without a current session it creates one', async (store) => {
    const issued = await store.client.login(null, 'alice', { level: 1 });
    const { principal, level } = await store.load(issued.token);
    assert.deepEqual([principal, level], ['alice', 1]);
  });

  test('the anonymous session dies and its attributes move along', async (store) => {
    const anonymous = await store.client.create('', { attributes: { cart: [1], theme: 1 } });
    const issued = await store.client.login(anonymous, 'alice', { attributes: { theme: 2 } });
    assert.equal(await store.isLive(anonymous.token), false);
    assert.ok(issued.token !== anonymous.token);
    // What the login itself says wins.
    assert.deepEqual({ ...(await store.load(issued.token)).attributes }, { cart: [1], theme: 2 });
  });

  test('the anonymous attributes stay behind where asked', async (store) => {
    const anonymous = await store.client.create('', { attributes: { cart: [1] } });
    const issued = await store.client.login(anonymous, 'alice', { keepAttributes: false });
    assert.deepEqual({ ...(await store.load(issued.token)).attributes }, {});
    assert.equal(await store.isLive(anonymous.token), false);
  });

  test('a login that fails leaves the anonymous session as it was', async (store) => {
    const client = store.open({ max_per_principal: 1, on_limit: 'refuse' });
    await client.create('alice');
    const anonymous = await client.create('', { attributes: { cart: [1] } });
    await assert.rejects(client.login(anonymous, 'alice'), ficha.SessionLimit);
    assert.deepEqual((await store.load(anonymous.token, client)).attributes.cart, [1]);
  });

  test('attributes that together are too many fail the login', async (store) => {
    const anonymous = await store.client.create('', { attributes: manyAttributes(200, 'a') });
    const login = store.client.login(anonymous, 'alice', { attributes: manyAttributes(200, 'b') });
    await assert.rejects(login, ficha.TooLarge);
    assert.equal(await store.isLive(anonymous.token), true);
    assert.deepEqual(await store.listed('alice'), []);
  });

  test('re-authentication moves the session to a new token with new deadlines', async (store) => {
    const before = await store.client.create('alice', {
      roles: ['customer'],
      scopes: ['read'],
      attributes: { cart: [1], theme: 1 },
      device: { address: '192.0.2.7', userAgent: 'old' },
      authenticated: false,
      idleTimeout: 60,
      absoluteTimeout: 300,
    });
    const device = { address: '192.0.2.8', userAgent: 'new' };
    const after = await store.client.login(before, 'alice', { roles: ['admin'], attributes: { theme: 2 }, device, level: 2 });
    assert.equal(await store.isLive(before.token), false);
    const session = await store.load(after.token);
    assert.equal(session.generation, 2);
    assert.equal(session.createdAt, before.createdAt);
    assert.ok(session.authenticatedAt >= before.createdAt);
    assert.equal(session.expiresAt, session.authenticatedAt + 12 * 60 * 60);
    assert.equal(session.idleSeconds, 30 * 60);
    assert.ok(session.idleDeadline > before.idleDeadline);
    assert.equal(session.level, 2);
    assert.deepEqual([session.roles, session.scopes, session.device], [['admin'], [], device]);
    assert.deepEqual({ ...session.attributes }, { cart: [1], theme: 2 });
    assert.deepEqual(await store.listed('alice'), [after.id]);
  });

  test('re-authentication of a revoked session fails instead of reviving it', async (store) => {
    const before = await store.client.create('alice');
    await store.client.revoke(before);
    await assert.rejects(store.client.login(before, 'alice'), ficha.SessionGone);
    assert.deepEqual(await store.listed('alice'), []);
  });

  test('a re-authentication that does not fit changes nothing', async (store) => {
    const before = await store.client.create('alice', { attributes: manyAttributes(4, 'a', longText) });
    await assert.rejects(store.client.login(before, 'alice', { attributes: { e: longText } }), ficha.TooLarge);
    assert.equal((await store.load(before.token)).generation, 1);
    assert.deepEqual(await store.listed('alice'), [before.id]);
  });

  test('re-authentication under a superseded id ends all that came before', async (store) => {
    const first = await store.client.create('alice');
    const second = await store.client.rotate(first, { grace: 30 });
    const third = await store.client.login(first, 'alice');
    assert.equal(await store.isLive(first.token), false);
    assert.equal(await store.isLive(second.token), false);
    assert.equal(await store.isLive(third.token), true);
  });

  test('another principal gets a session of its own and the old one dies', async (store) => {
    const alice = await store.client.create('alice', { attributes: { secret: 1 } });
    const bob = await store.client.login(alice, 'bob');
    assert.equal(await store.isLive(alice.token), false);
    const { principal, attributes, generation } = await store.load(bob.token);
    assert.deepEqual([principal, { ...attributes }, generation], ['bob', {}, 1]);
  });

  test('another principal may follow one that was revoked', async (store) => {
    const alice = await store.client.create('alice');
    await store.client.revoke(alice);
    assert.equal((await store.client.login(alice, 'bob')).principal, 'bob');
  });

  test('becoming anonymous ends the authenticated session', async (store) => {
    const alice = await store.client.create('alice', { attributes: { secret: 1 } });
    const { token } = await store.client.login(alice, '');
    assert.equal(await store.isLive(alice.token), false);
    const { anonymous, attributes } = await store.load(token);
    assert.deepEqual([anonymous, { ...attributes }], [true, {}]);
  });

  test('an invalid login changes nothing', async (store) => {
    const alice = await store.client.create('alice');
    await assert.rejects(store.client.login(alice, 'bob', { level: 9 }), ficha.InvalidArgument);
    assert.equal(await store.isLive(alice.token), true);
    assert.deepEqual(await store.listed('bob'), []);
  });
});
