// What a patch changes, and what it refuses, on every store.
import assert from 'node:assert/strict';
import * as ficha from 'ficha';
import { forEveryStore, longText, manyAttributes, tooLongText } from './store_suite.mjs';

async function issue(store) {
  const session = await store.client.create('alice', {
    roles: ['customer'],
    scopes: ['read'],
    attributes: { theme: 'dark', visits: 7 },
    device: { address: '192.0.2.7', userAgent: 'curl/8' },
  });
  return {
    session,
    apply: (changes) => store.client.patch(session, changes),
    load: () => store.load(session.token),
    attributes: async () => ({ ...(await store.load(session.token)).attributes }),
  };
}

forEveryStore((test, waitingTest) => {
  test('set creates and replaces', async (store) => {
    const { apply, attributes } = await issue(store);
    await apply({ set: { theme: 'light', cart: [{ sku: 'ä' }] } });
    assert.deepEqual(await attributes(), { theme: 'light', cart: [{ sku: 'ä' }], visits: 7 });
  });

  test('every patch makes the next generation', async (store) => {
    const { apply, load } = await issue(store);
    assert.equal(await apply({ set: { a: 1 } }), 2);
    assert.equal(await apply({ set: { a: 1 } }), 3);
    assert.equal((await load()).generation, 3);
  });

  test('add creates but never replaces', async (store) => {
    const { apply, attributes } = await issue(store);
    await apply({ add: { cart: [] } });
    await assert.rejects(apply({ add: { cart: [1] } }), ficha.AttributeExists);
    assert.deepEqual((await attributes()).cart, []);
  });

  test('remove deletes, and does not mind what is not there', async (store) => {
    const { apply, attributes } = await issue(store);
    await apply({ remove: ['theme', 'never there'] });
    assert.deepEqual(await attributes(), { visits: 7 });
  });

  test('the last attribute can be removed and another set', async (store) => {
    const { apply, attributes } = await issue(store);
    await apply({ remove: ['theme', 'visits'] });
    assert.deepEqual(await attributes(), {});
    await apply({ set: { theme: 1 } });
    assert.deepEqual(await attributes(), { theme: 1 });
  });

  test('increment adds to an integer and starts at zero', async (store) => {
    const { apply, attributes } = await issue(store);
    await apply({ increment: { visits: 5, fresh: -3 } });
    assert.deepEqual(await attributes(), { theme: 'dark', visits: 12, fresh: -3 });
  });

  test('increment refuses what is no integer', async (store) => {
    const { apply, attributes } = await issue(store);
    // 1e21 is an integer, but JavaScript writes it with an exponent.
    for (const value of ['7', 1.5, 1e21, null, [], true, 9_007_199_254_740_993n]) {
      await apply({ set: { value } });
      await assert.rejects(apply({ increment: { value: 1 } }), ficha.InvalidArgument);
      assert.deepEqual((await attributes()).value, value);
    }
  });

  test('increment stays within 2^53', async (store) => {
    const { apply, attributes } = await issue(store);
    const step = Number.MAX_SAFE_INTEGER;
    const highest = 2n ** 53n;
    await apply({ set: { high: step, low: -step } });
    await apply({ increment: { high: 1, low: -1 } });
    const { high, low } = await attributes();
    assert.deepEqual([high, low], [highest, -highest]);
    for (const increment of [{ high: 1 }, { low: -1 }, { high: step }, { low: -step }]) {
      await assert.rejects(apply({ increment }), ficha.InvalidArgument);
    }
    await apply({ increment: { high: -step, low: step } });
    assert.deepEqual(await attributes(), { theme: 'dark', visits: 7, high: 1, low: -1 });
  });

  test('changes apply in the order set, add, remove, increment', async (store) => {
    const { apply, attributes, load } = await issue(store);
    await assert.rejects(apply({ set: { a: 1 }, add: { a: 2 } }), ficha.AttributeExists);
    const changes = { increment: { visits: 2, a: 3 }, remove: ['theme', 'a', 'visits'], add: { a: 1 }, set: { theme: 1 } };
    assert.equal(await apply({ ...changes, roles: ['admin'] }), 2);
    assert.deepEqual(await attributes(), { visits: 2, a: 3 });
    assert.deepEqual((await load()).roles, ['admin']);
  });

  test('a patch applies whole or not at all', async (store) => {
    const { apply, load } = await issue(store);
    await assert.rejects(apply({ set: { new: 1 }, remove: ['visits'], add: { theme: 1 } }), ficha.AttributeExists);
    await assert.rejects(apply({ set: { new: 1 }, remove: ['visits'], increment: { theme: 1 } }), ficha.InvalidArgument);
    const { attributes, generation } = await load();
    assert.deepEqual([{ ...attributes }, generation], [{ theme: 'dark', visits: 7 }, 1]);
  });

  test('roles, scopes and device are replaced where asked', async (store) => {
    const { apply, load } = await issue(store);
    await apply({ roles: ['admin', 'ops'] });
    let { roles, scopes, device } = await load();
    assert.deepEqual([roles, scopes, device.userAgent], [['admin', 'ops'], ['read'], 'curl/8']);
    await apply({ scopes: [], device: { address: '2001:db8::1' } });
    ({ roles, scopes, device } = await load());
    assert.deepEqual([roles, scopes, device], [['admin', 'ops'], [], { address: '2001:db8::1', userAgent: '' }]);
    assert.equal((await load()).attributes.theme, 'dark');
  });

  test('the expected generation must be the stored one', async (store) => {
    const { apply, attributes } = await issue(store);
    await assert.rejects(apply({ set: { a: 1 }, expectedGeneration: 2 }), ficha.Conflict);
    await apply({ set: { a: 1 }, expectedGeneration: 1 });
    await assert.rejects(apply({ set: { a: 2 }, expectedGeneration: 1 }), ficha.Conflict);
    assert.equal((await attributes()).a, 1);
  });

  test('a patch is seen by who had read the session', async (store) => {
    const { apply, session } = await issue(store);
    for (let i = 0; i < 2; ++i) assert.equal((await store.client.load(session.token)).attributes.visits, 7);
    await apply({ set: { visits: 8 } });
    assert.equal((await store.client.load(session.token)).attributes.visits, 8);
  });

  test('a patch does not move the deadlines', async (store) => {
    const { apply, session } = await issue(store);
    const read = () => store.client.load(session.token, { touch: false, fresh: true });
    const before = await read();
    await apply({ set: { a: 1 } });
    const after = await read();
    assert.ok(Math.abs(after.idleDeadline - before.idleDeadline) <= 1);
    for (const time of ['expiresAt', 'createdAt', 'authenticatedAt']) assert.equal(after[time], before[time]);
  });

  test('a session that is no longer live is never written', async (store) => {
    const { apply, session } = await issue(store);
    await store.client.revoke(session);
    await assert.rejects(apply({ set: { a: 1 } }), ficha.SessionGone);
    assert.equal(await store.isLive(session.token), false);
  });

  waitingTest('a patch does not keep an idle session alive', async (store) => {
    const session = await store.client.create('alice', { idleTimeout: 1 });
    await store.pass(700);
    await store.client.patch(session, { set: { a: 1 } });
    await store.pass(500);
    assert.equal(await store.isLive(session.token), false);
    await assert.rejects(store.client.patch(session, { set: { a: 2 } }), ficha.SessionGone);
  });

  test('what does not fit is too large and changes nothing', async (store) => {
    const { apply, attributes } = await issue(store);
    const whole = manyAttributes(4, 'a', longText);
    await apply({ set: whole });
    await assert.rejects(apply({ set: { e: longText } }), ficha.TooLarge);
    await assert.rejects(apply({ set: { a0: tooLongText } }), ficha.TooLarge);
    assert.deepEqual(await attributes(), { theme: 'dark', visits: 7, ...whole });
  });

  test('a session holds at most 256 attributes', async (store) => {
    const { apply, attributes } = await issue(store);
    await apply({ set: manyAttributes(254, 'n') });
    await assert.rejects(apply({ set: { 'one more': 1 } }), ficha.TooLarge);
    await apply({ set: { n1: 2 }, remove: ['n0'] });
    await apply({ set: { 'one more': 1 } });
    assert.equal(Object.keys(await attributes()).length, 256);
  });

  test('a value outside its rule is an invalid argument', async (store) => {
    const { apply, load } = await issue(store);
    const wrong = [
      { set: { a: undefined } },
      { set: { '': 1 } },
      { add: { 'bell\x07': 1 } },
      { increment: { a: 2 ** 53 + 2 } },
      { increment: { a: 1.5 } },
      { roles: ['a\nb'] },
    ];
    for (const changes of wrong) await assert.rejects(apply(changes), ficha.InvalidArgument);
    assert.equal((await load()).generation, 1);
  });

  test('no message holds a value', async (store) => {
    const { apply } = await issue(store);
    const secret = 'secret value';
    await apply({ set: { secret } });
    const refused = [
      { set: { theme: [secret, NaN] } },
      { set: { theme: secret.repeat(10_000) } },
      { add: { theme: secret } },
      { increment: { secret: 1 } },
    ];
    for (const changes of refused) {
      await assert.rejects(apply(changes), (error) => {
        assert.ok(error instanceof ficha.FichaError);
        assert.doesNotMatch(error.message, /secret value/);
        return true;
      });
    }
  });
});
