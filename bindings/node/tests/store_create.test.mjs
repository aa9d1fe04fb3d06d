// What create() stores and what it refuses, on every store.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import * as ficha from 'ficha';
import { forEveryStore, longText, manyAttributes, tooLongText } from './store_suite.mjs';

const idleSeconds = 30 * 60;
const everything = {
  roles: ['customer', 'auditor'],
  scopes: ['transactions:read'],
  attributes: { theme: 'dark', cart: { items: [1, 2, { näme: null }], total: 9_007_199_254_740_993n } },
  device: { address: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux)' },
  level: 2,
};

forEveryStore((test) => {
  test('a new session is readable by its token, with every field', async (store) => {
    const issued = await store.client.create('zoë', everything);
    for (const session of [issued, await store.load(issued.token)]) {
      assert.equal(session.id, store.client.sessionId(issued.token));
      assert.equal(session.generation, 1);
      assert.equal(session.principal, 'zoë');
      assert.deepEqual(session.roles, everything.roles);
      assert.deepEqual(session.scopes, everything.scopes);
      assert.deepEqual({ ...session.attributes }, everything.attributes);
      assert.deepEqual(session.device, everything.device);
      assert.equal(session.level, 2);
      assert.equal(session.authenticatedAt, session.createdAt);
      assert.equal(session.idleSeconds, idleSeconds);
      assert.equal(session.expiresAt, session.createdAt + 12 * 60 * 60);
    }
  });

  test('the idle deadline of a new session is at most a sixteenth beyond the idle timeout', async (store) => {
    const { createdAt, idleDeadline } = await store.client.create('alice');
    assert.ok(idleDeadline >= createdAt + idleSeconds - 1, `${idleDeadline - createdAt} s`);
    assert.ok(idleDeadline <= createdAt + idleSeconds + idleSeconds / 16 + 1, `${idleDeadline - createdAt} s`);
  });

  test('the idle deadline is never later than the absolute one', async (store) => {
    const { createdAt, expiresAt, idleDeadline } = await store.client.create('alice', { absoluteTimeout: 300 });
    assert.equal(expiresAt, createdAt + 300);
    assert.ok(idleDeadline <= expiresAt);
  });

  test('without an idle timeout only the absolute deadline ends the session', async (store) => {
    const session = await store.client.create('alice', { idleTimeout: 0 });
    assert.equal(session.idleSeconds, 0);
    assert.ok(session.idleDeadline >= session.expiresAt - 1);
    assert.ok(session.idleDeadline <= session.expiresAt);
  });

  test('timeouts given with the session replace the configured', async (store) => {
    const session = await store.client.create('alice', { idleTimeout: 60, absoluteTimeout: 3600 });
    assert.equal(session.idleSeconds, 60);
    assert.equal(session.expiresAt, session.createdAt + 3600);
  });

  test('an anonymous session has no principal and never authenticated', async (store) => {
    const loaded = await store.load((await store.client.create()).token);
    assert.deepEqual([loaded.anonymous, loaded.principal, loaded.authenticatedAt], [true, '', 0]);
  });

  test('a principal that is remembered but proved nothing has no authentication time', async (store) => {
    const loaded = await store.load((await store.client.create('alice', { authenticated: false })).token);
    assert.deepEqual([loaded.principal, loaded.authenticatedAt], ['alice', 0]);
  });

  test('sessions of one principal share the route that its name gives', async (store) => {
    const route = createHash('sha256').update('ficha/route\0alice').digest().subarray(0, 2);
    for (let i = 0; i < 2; ++i) {
      const { id } = await store.client.create('alice');
      assert.deepEqual(Buffer.from(id, 'base64url').subarray(0, 2), route);
    }
  });

  test('no two sessions share a token or an id', async (store) => {
    const [one, other] = [await store.client.create('alice'), await store.client.create('alice')];
    assert.ok(one.token !== other.token);
    assert.notEqual(one.id, other.id);
  });

  test('a list of nothing comes back as nothing', async (store) => {
    const loaded = await store.load((await store.client.create('alice')).token);
    assert.deepEqual([loaded.roles, loaded.scopes, { ...loaded.attributes }], [[], [], {}]);
  });

  test('the largest session comes back whole', async (store) => {
    const attributes = manyAttributes(4, 'a', longText);
    const principal = 'p'.repeat(256);
    const loaded = await store.load((await store.client.create(principal, { attributes })).token);
    assert.equal(loaded.principal, principal);
    assert.deepEqual({ ...loaded.attributes }, attributes);
  });

  test('many attributes come back whole', async (store) => {
    const attributes = { ...manyAttributes(255, 'attribute-', 0), last: 255 };
    const loaded = await store.load((await store.client.create('alice', { attributes })).token);
    assert.deepEqual({ ...loaded.attributes }, attributes);
  });

  test('a value outside its rule is an invalid argument', async (store) => {
    const wrong = [
      ['new\nline'],
      ['not Unicode \ud800'],
      ['a', { roles: [''] }],
      ['a', { attributes: { '': 1 } }],
      ['a', { attributes: { 'bell\x07': 1 } }],
      ['a', { attributes: { name: undefined } }],
      ['a', { attributes: { name: NaN } }],
      ['a', { level: 4 }],
      ['a', { level: -1 }],
      ['a', { idleTimeout: -1 }],
      ['a', { absoluteTimeout: 0 }],
    ];
    for (const session of wrong) {
      await assert.rejects(store.client.create(...session), ficha.InvalidArgument, JSON.stringify(session));
    }
    assert.deepEqual(await store.listed('a'), []);
  });

  test('a value beyond its size is too large', async (store) => {
    const large = [
      ['p'.repeat(257)],
      ['a', { attributes: { ['n'.repeat(65)]: 1 } }],
      ['a', { attributes: { name: tooLongText } }],
      ['a', { attributes: manyAttributes(257, 'n') }],
      ['a', { attributes: manyAttributes(5, 'n', longText) }],
    ];
    for (const session of large) await assert.rejects(store.client.create(...session), ficha.TooLarge);
    assert.deepEqual(await store.listed('a'), []);
  });
});
