// records.json (tests/conformance/README.md): the bytes lie in a real Redis, and are loaded by their token or their id.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Client, CorruptRecord, Unavailable } from 'ficha';
import { until, useLeakCheck, useRedis } from './helpers.mjs';
import { expand, keyless, vectors } from './vectors.mjs';

const { Session } = createRequire(import.meta.url)('../lib/native.js');
const redis = useRedis();
useLeakCheck();

const { valid, superseded, hostile } = vectors('records');
const tokenOf = ({ id }) => vectors('tokens').valid.filter(keyless).find((vector) => vector.id === id).token;
// When the usual vector expires: long ago for a Redis server, which is why it is put off.
const vectorExpires = 1_700_043_200;
const inAnHour = Math.floor(Date.now() / 1000) + 3600;
const hexOf = (seconds) => seconds.toString(16).padStart(8, '0');

// The vectors have one id and mostly one generation. A client takes what has these and ends at the same time for the
// session that it knows; each vector ends two seconds after the one before.
let lifetimeMs = 60_000;

async function store(id, hex) {
  const route = Buffer.from(id, 'base64url').toString('hex', 0, 2);
  const record = Buffer.from(expand(hex).replace(hexOf(vectorExpires), hexOf(inAnHour)), 'hex');
  lifetimeMs += 2000;
  assert.equal(await redis.command('SET', `ficha:{${route}}:${id}`, record, 'PX', `${lifetimeMs}`), 'OK');
}

function open(t) {
  const { url } = redis;
  const client = new Client({ redis: { url, command_timeout: '10s', operation_timeout: '20s' }, near_cache: { enabled: false } });
  t.after(() => client.close());
  return client;
}

const described = (session) => ({
  generation: session.generation,
  created: session.createdAt,
  expires: session.expiresAt,
  idle: session.idleSeconds,
  authenticated: session.authenticatedAt,
  level: session.level,
  principal: session.principal,
  roles: session.roles,
  scopes: session.scopes,
  device: [session.device.address, session.device.userAgent],
  attributes: pairs(Session.attributeTexts(session)),
});

function pairs(list) {
  const result = [];
  for (let i = 0; i < list.length; i += 2) result.push([list[i], list[i + 1]]);
  return result;
}

// The fields that an application sees.
function visible({ guard: _, protected: _protected, addition_count: _count, additions_hex: _hex, ...fields }) {
  return { ...fields, expires: fields.expires === vectorExpires ? inAnHour : fields.expires };
}

test('valid records are sessions, field by field', async (t) => {
  const client = open(t);
  const token = tokenOf(valid[0]);
  for (const { name, id, hex, fields } of valid) {
    await store(id, hex);
    const loaded = await client.load(token, { touch: false });
    if (fields.expires < vectorExpires) {
      assert.equal(loaded, null, name);
      continue;
    }
    assert.deepEqual([loaded.id, described(loaded)], [id, visible(fields)], name);
    if (fields.attributes.every(([, text]) => text !== '')) {
      const values = fields.attributes.map(([attribute, text]) => [attribute, JSON.parse(text)]);
      assert.deepEqual(Object.entries(loaded.attributes), values, name);
    }
    assert.deepEqual(described(await client.find(id)), visible(fields), name);
  }
  assert.ok(valid.length >= 52);
});

test('a superseded record leads to its successor, and to nothing where that has ended', async (t) => {
  const client = open(t);
  const successorFields = valid[0];
  for (const { name, id, hex, successor } of superseded) {
    const token = tokenOf({ id });
    await store(id, hex);
    assert.equal(await client.load(token), null, name);
    assert.equal(await client.find(id), null, name);
    const guards = [successorFields.id, successor].map((text) => Buffer.from(text.slice(-11)).toString('hex'));
    await store(successor, successorFields.hex.replace(...guards));
    assert.equal((await client.load(token)).id, successor, name);
    await redis.command('FLUSHALL');
  }
  assert.ok(superseded.length >= 2);
});

// A record of somebody else's closes the connection: the next call may find the new one under way.
async function errorOf(call) {
  let failure;
  await until(async () => {
    failure = await call().then(() => undefined, (error) => error);
    return !(failure instanceof Unavailable);
  });
  return failure;
}

test('a record that is none is CorruptRecord, never a session', async (t) => {
  const client = open(t);
  const token = tokenOf(hostile[0]);
  for (const { name, id, hex } of hostile) {
    await store(id, hex);
    for (const call of [() => client.find(id), () => client.load(token, { touch: false })]) {
      assert.ok((await errorOf(call)) instanceof CorruptRecord, name);
    }
  }
  assert.ok(hostile.length >= 381);
});

test('a stored text that is not JSON is an error that names its attribute, and does not show it', async (t) => {
  const { id, hex } = valid.find(({ name }) => name === 'usual');
  const [theme, notJson] = ['"dark"', 'hunter'].map((text) => Buffer.from(text).toString('hex'));
  await store(id, hex.replace(theme, notJson));
  const session = await open(t).find(id);
  assert.throws(
    () => session.attributes,
    (error) => error instanceof CorruptRecord && /"theme"/.test(error.message) && !/hunter/.test(error.stack),
  );
});
