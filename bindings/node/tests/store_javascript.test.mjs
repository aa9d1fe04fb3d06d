// What only JavaScript can get wrong about a store; the rest is said by store.json.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as ficha from 'ficha';
import { Client } from 'ficha';
import { useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();
const patient = { connect_timeout: '5s', command_timeout: '5s', operation_timeout: '20s' };

for (const kind of ['in memory', 'on Redis']) {
  describe(kind, () => {
    const opened = [];
    let client;
    function open(session = {}) {
      const url = kind === 'in memory' ? 'memory://' : redis.url;
      opened.push(new Client({ redis: { url, namespace: 'javascript', ...patient }, session }));
      return opened.at(-1);
    }
    before(() => (client = open()));
    after(() => opened.forEach((one) => one.close()));

    const createMany = (count, principal) => Promise.all(Array.from({ length: count }, () => client.create(principal)));

    test('numbers and strings that JSON or Unicode do not have are invalid arguments, and change nothing', async () => {
      const session = await client.create('numbers');
      const wrong = [
        () => client.create('not Unicode \ud800'),
        () => client.create('numbers', { attributes: { name: undefined } }),
        () => client.create('numbers', { attributes: { name: NaN } }),
        () => client.create('numbers', { level: 1.5 }),
        () => client.patch(session, { set: { a: undefined } }),
        () => client.patch(session, { set: { a: '\ud800' } }),
        () => client.patch(session, { increment: { a: 2 ** 53 + 2 } }),
        () => client.patch(session, { increment: { a: 1.5 } }),
        () => client.patch(session, { idleTimeout: 1.5 }),
        () => client.patch(session, { expectedGeneration: NaN }),
      ];
      for (const call of wrong) await assert.rejects(call(), ficha.InvalidArgument, String(call));
      assert.deepEqual((await client.list('numbers')).map(({ generation }) => generation), [1]);
    });

    test('an integer that JavaScript writes with an exponent is none to increment', async () => {
      const session = await client.create('exponent', { attributes: { value: 1e21 } });
      await assert.rejects(client.patch(session, { increment: { value: 1 } }), ficha.InvalidArgument);
      assert.equal((await client.find(session.id)).attributes.value, 1e21);
    });

    test('what may not happen twice is refused for all sessions of a principal', async () => {
      const session = await client.create('twice');
      for (const changes of [{ add: { a: 1 } }, { increment: { a: 1 } }, { set: { a: 1 }, expectedGeneration: 1 }, { idleTimeout: 60 }]) {
        await assert.rejects(client.patchPrincipal('twice', changes), ficha.InvalidArgument);
      }
      assert.equal((await client.find(session.id)).generation, 1);
    });

    test('no message of JavaScript holds a value', async () => {
      const session = await client.create('secret');
      await assert.rejects(client.patch(session, { set: { theme: ['secret value', NaN] } }), (error) => {
        assert.ok(error instanceof ficha.InvalidArgument);
        assert.doesNotMatch(error.message, /secret value/);
        return true;
      });
    });

    test('a token signed with another key is no session', async () => {
      const keyed = open({ token_keys: ['0123456789abcdef0123456789abcdef'] });
      const { token } = await keyed.create('alice');
      assert.ok(await keyed.load(token));
      assert.equal(await client.load(token), null);
    });

    test('many answers at once do not mix up', async () => {
      const issued = await Promise.all(
        Array.from({ length: 200 }, (_, n) => client.create(`user-${n % 20}`, { attributes: { n } })),
      );
      for (let round = 0; round < 2; ++round) {
        const loaded = await Promise.all(issued.map(({ token }) => client.load(token)));
        for (const [n, session] of loaded.entries()) {
          assert.deepEqual([session.id, session.principal, session.attributes.n], [issued[n].id, `user-${n % 20}`, n]);
        }
      }
    });

    test('thousands of sessions are made, and end, at once', async () => {
      const issued = await createMany(1500, 'thousands');
      assert.equal(await client.revokePrincipal('thousands'), 1500);
      const loaded = await Promise.all(issued.map(({ token }) => client.load(token, { fresh: true })));
      assert.equal(loaded.filter(Boolean).length, 0);
    });
  });
}
