import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { Client } from 'ficha';
import { routes } from 'ficha/express';
import { shop } from '../shop.mjs';

process.env.FICHA_REDIS_URL = 'memory://';
const client = new Client(path.join(import.meta.dirname, '..', '..', 'ficha.toml'));
after(() => client.close());

test('every route is judged by a rule of the policy, and none by a looser one than another of its handler', () => {
  const judged = routes(shop(client));
  assert.ok(judged.some(({ path, rule }) => path === '/metrics' && rule >= 0));
  assert.deepEqual(
    judged.filter(({ problem }) => problem),
    [],
  );
});
