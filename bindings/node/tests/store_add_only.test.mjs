// A service that may only add, on every store.
import assert from 'node:assert/strict';
import * as ficha from 'ficha';
import { forEveryStore } from './store_suite.mjs';

async function issue(store) {
  const client = store.open({ writes: 'add-only' });
  const session = await client.create('alice', { attributes: { theme: 1 } });
  return {
    client,
    apply: (changes) => client.patch(session, changes),
    attributes: async () => ({ ...(await store.load(session.token, client)).attributes }),
  };
}

forEveryStore((test) => {
  test('what is not there may be added', async (store) => {
    const { apply, attributes } = await issue(store);
    await apply({ set: { a: 1 } });
    await apply({ add: { b: 2 } });
    await apply({ increment: { c: 3 } });
    await apply({ remove: ['never there'] });
    assert.deepEqual(await attributes(), { theme: 1, a: 1, b: 2, c: 3 });
  });

  test('what is there stays as it is', async (store) => {
    const { apply, attributes } = await issue(store);
    for (const changes of [{ set: { theme: 2 } }, { add: { theme: 2 } }, { remove: ['theme'] }, { increment: { theme: 1 } }]) {
      await assert.rejects(apply(changes), ficha.AttributeExists);
    }
    assert.deepEqual(await attributes(), { theme: 1 });
  });

  test('what an earlier change of the patch added stays, too', async (store) => {
    const { apply, attributes } = await issue(store);
    for (const second of [{ add: { a: 2 } }, { remove: ['a'] }, { increment: { a: 2 } }]) {
      await assert.rejects(apply({ set: { a: 1 }, ...second }), ficha.AttributeExists);
    }
    assert.deepEqual(await attributes(), { theme: 1 });
  });

  test('roles, scopes, device and other sessions are out of reach', async (store) => {
    const { apply, client } = await issue(store);
    for (const changes of [{ roles: [] }, { scopes: [] }, { device: {} }]) {
      await assert.rejects(apply(changes), ficha.InvalidArgument);
    }
    await assert.rejects(client.patchPrincipal('alice', { set: { a: 1 } }), ficha.InvalidArgument);
  });

  test('so are lifetimes', async (store) => {
    const { apply } = await issue(store);
    await assert.rejects(apply({ idleTimeout: 60 }), ficha.InvalidArgument);
    await assert.rejects(apply({ absoluteTimeout: 60 }), ficha.InvalidArgument);
  });
});
