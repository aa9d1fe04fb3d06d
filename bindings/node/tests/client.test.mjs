// The client of the package: immutable sessions, JSON values, errors, clocks, close(), on a real Redis.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as ficha from 'ficha';
import { Client, Config, ManualClock } from 'ficha';
import { native, startRedis, useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();
const values = {
  nested: { list: [1, 2.5, [], {}], null: null, true: true },
  text: 'žluťoučký kůň 🐎 \u2028 "quoted" \\ \u0000',
  big: 2n ** 63n,
  negative: -(2n ** 80n),
  'ключ': 'name in another script',
  ['__proto__']: { 'own property': 1 },
};

for (const kind of ['redis', 'memory']) {
  describe(`on ${kind}`, () => {
    let client;
    before(() => (client = new Client(kind === 'redis' ? redis.url : 'memory://')));
    after(() => client.close());

    test('a session has what it was created with, and its token once', async () => {
      const now = Date.now() / 1000;
      const options = { roles: ['r1', 'r2'], scopes: ['s'], attributes: values, level: 2 };
      const device = { address: '192.0.2.7', userAgent: 'curl' };
      const created = await client.create('alice', { ...options, device, idleTimeout: 60, absoluteTimeout: 600 });
      assert.match(created.token, /^fch1_[\w-]{51}$/);
      const loaded = await client.load(created.token);
      assert.equal(loaded.token, null);
      for (const session of [created, loaded]) {
        assert.match(session.id, /^[\w-]{24}$/);
        assert.deepEqual([session.principal, session.anonymous, session.level], ['alice', false, 2]);
        assert.deepEqual([session.roles, session.scopes, session.device], [['r1', 'r2'], ['s'], device]);
        assert.deepEqual(Object.entries(session.attributes).sort(), Object.entries(values).sort());
        assert.deepEqual([session.idleSeconds, session.expiresAt - session.createdAt, session.generation], [60, 600, 1]);
        assert.ok(Math.abs(session.authenticatedAt - now) < 5);
        assert.ok(session.hasRole('r1') && !session.hasRole('s') && session.hasScope('s'));
      }
    });

    test('snapshots are immutable', async () => {
      const session = await client.load((await client.create('a', { attributes: { o: { n: [1] } } })).token);
      assert.throws(() => (session.principal = 'b'), TypeError);
      assert.throws(() => (session.extra = 1), TypeError);
      assert.throws(() => session.attributes.o.n.push(2), TypeError);
      assert.throws(() => session.roles.push('admin'), TypeError);
    });

    test('errors have stable codes, classes and statuses', async () => {
      const session = await client.create('a', { attributes: { x: 1 } });
      const fails = (promise, name, code, status) =>
        assert.rejects(promise, (error) => {
          assert.ok(error instanceof ficha[name] && error instanceof ficha.FichaError && error instanceof Error);
          assert.deepEqual([error.name, error.code, error.status], [name, code, status]);
          return true;
        });
      await fails(client.patch(session, { set: { y: 1 }, expectedGeneration: 7 }), 'Conflict', 21, 409);
      await fails(client.patch(session, { add: { x: 2 } }), 'AttributeExists', 22, 409);
      await fails(client.patch(session, { set: { x: 'x'.repeat(70_000) } }), 'TooLarge', 3, 413);
      await fails(client.patch('no id', {}), 'InvalidArgument', 1, 400);
      await fails(client.create('\ud800'), 'InvalidArgument', 1, 400);
      await fails(client.create('a', { roles: 'admin' }), 'InvalidArgument', 1, 400);
      await client.revoke(session);
      await fails(client.patch(session, { set: { y: 1 } }), 'SessionGone', 20, 401);
      await fails(client.rotate(session), 'SessionGone', 20, 401);
    });
  });
}

async function createElsewhere() {
  const client = new Client(redis.url);
  const session = await client.create('a');
  client.close();
  return session;
}

test('after close() every call fails with ClientClosed, authorize() is "unavailable", and close() may be called again', async () => {
  const client = new Client(redis.url);
  client.close();
  client.close();
  const session = await createElsewhere();
  for (const call of [
    () => client.create('a'),
    () => client.load(session.token),
    () => client.find(session.id),
    () => client.patch(session, { set: { a: 1 } }),
    () => client.rotate(session),
    () => client.login(null, 'a'),
    () => client.revoke(session),
    () => client.revokePrincipal('a'),
    () => client.patchPrincipal('a', { set: { a: 1 } }),
    () => client.list('a'),
  ]) {
    await assert.rejects(call, { name: 'ClientClosed', code: 30 });
  }
  const cookie = `__Host-ficha=${session.token}`;
  const request = { method: 'GET', path: '/', headers: ['Cookie', cookie] };
  assert.equal((await client.authorize(request)).verdict, 'unavailable');
});

test('an unreachable Redis is an error of the calls, and the client heals', async (t) => {
  const client = new Client({ redis: { url: 'redis://127.0.0.1:1/0' } });
  // Frameworks show clients the message of an error with a status: where the store is, is the cause's to say.
  await assert.rejects(client.create('a'), (error) => {
    assert.ok(error instanceof ficha.StoreError && error.status === 503);
    assert.equal(error.message, ficha.respondTo(error).message);
    assert.match(error.cause.message, /127\.0\.0\.1/);
    return true;
  });
  client.close();

  const server = await startRedis();
  t.after(() => server.stop());
  const healing = new Client({ redis: { url: server.url, command_timeout: '250ms', operation_timeout: '500ms' } });
  const { token } = await healing.create('a');
  server.signal('SIGSTOP');
  await assert.rejects(healing.load(token, { fresh: true }), ficha.StoreError);
  server.signal('SIGCONT');
  for (;;) {
    try {
      assert.equal((await healing.load(token, { fresh: true })).principal, 'a');
      break;
    } catch (error) {
      assert.ok(error instanceof ficha.StoreError, error);
    }
  }
  healing.close();
});

test('values that JSON has not are refused by the name of their attribute, without the value', async () => {
  const client = new Client('memory://');
  const circular = { secret: 'hunter2' };
  circular.self = circular;
  const bad = [undefined, () => 1, Symbol('x'), NaN, Infinity, { deep: [() => 1] }, new Map(), new Set(), circular, '\ud800'];
  for (const value of bad) {
    await assert.rejects(client.create('a', { attributes: { fine: 1, 'the bad one': value } }), (error) => {
      assert.ok(error instanceof ficha.InvalidArgument);
      assert.match(error.message, /"the bad one"/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
  client.close();
});

test('a configuration is a URL, a file, or an object; a mistake is InvalidConfig', () => {
  assert.throws(() => new Client({ redis: { url: 'memory://' }, sesion: {} }), ficha.InvalidConfig);
  assert.throws(() => new Client('/nonexistent/ficha.toml'), ficha.InvalidConfig);
  assert.throws(() => new Client(), ficha.InvalidConfig);
  assert.throws(() => new Client('redsi://localhost'), /none of redis, rediss, unix.*memory:\/\//);
  const tables = { redis: { url: 'memory://' }, rule: [{ path: '/x', methods: ['GET'] }, { path: '/**' }] };
  assert.equal(Config.from(tables).ruleCount, 2);
});

test('a decision can be explained, for logs and tests', async () => {
  const client = new Client({ redis: { url: 'memory://' }, rule: [{ path: '/admin/**', roles: ['admin'] }] });
  const decide = (headers) => client.authorize({ method: 'GET', path: '/admin/x', headers });
  const { token } = await client.create('alice');
  assert.match(client.explain(await decide([])), /^unauthenticated: no_credential, by rule\[0\] \/admin\/\*\*/);
  assert.match(client.explain(await decide(['Authorization', `Bearer ${token}`])), /^forbidden: missing_role, by rule\[0\]/);
  assert.throws(() => client.explain({ verdict: 'allow' }), ficha.InvalidArgument);
  client.close();
});

test('the clock of a test moves time', async () => {
  const clock = new ManualClock(1_700_000_000_000);
  const client = new Client('memory://', { clock });
  const { token } = await client.create('a', { idleTimeout: 60 });
  clock.advance(59_000);
  assert.ok(await client.load(token, { touch: false }));
  clock.advance(10_000);
  assert.equal(await client.load(token), null);
  client.close();
});

test('the log tells of the connection', async () => {
  const records = [];
  let told;
  const isTold = new Promise((resolve) => (told = resolve));
  const client = new Client(redis.url, { log: (...record) => told(records.push(record)) });
  await client.create('a');
  await isTold;
  assert.equal(records[0][0], 1);
  assert.match(records[0][1], /connected/);
  client.close();
});

test("the errors are the core's, number by number", () => {
  const responses = native.errorResponses();
  for (const { number, name, status } of responses) {
    const Class = Object.values(ficha).find((value) => value.prototype?.code === number);
    assert.deepEqual([Class.prototype.codeName, Class.prototype.status], [name, status]);
    assert.equal(Class.prototype instanceof ficha.StoreError, status === 503);
  }
  assert.equal(responses.length, 16);
});

test('what clients are told of an error or a denial is the same in every language', async () => {
  const { respondTo } = ficha;
  const gone = respondTo(new ficha.SessionGone('session abc of 10.0.0.7 is gone'));
  assert.deepEqual(gone, {
    status: 401,
    code: 'session_gone',
    message: 'the session has ended; log in again',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
    body: '{"error":"session_gone","message":"the session has ended; log in again"}\n',
  });
  const lost = respondTo(new ficha.OperationTimeout('no reply'));
  assert.deepEqual([lost.status, lost.code, lost.headers], [503, 'unavailable', { 'Retry-After': '1' }]);
  assert.deepEqual(new ficha.OperationTimeout('no reply').headers, lost.headers);
  assert.equal(respondTo(new Error('of the application')), undefined);
  const large = respondTo(new ficha.TooLarge('attribute "cart": a value is at most 64 KiB'));
  assert.deepEqual([large.status, large.message], [413, 'attribute "cart": a value is at most 64 KiB']);
  assert.deepEqual(JSON.parse(large.body), { error: 'too_large', message: large.message });

  const client = new Client({ redis: { url: 'memory://' }, rule: [{ path: '/open', allow: 'anyone' }, { path: '/**' }] });
  const decide = (path) => client.authorize({ method: 'GET', path, headers: [] });
  const denied = respondTo(await decide('/closed'));
  assert.deepEqual([denied.status, denied.code, denied.message], [401, 'unauthenticated', 'log in first']);
  assert.deepEqual(denied.headers, { 'WWW-Authenticate': 'Bearer', Vary: 'Cookie' });
  assert.deepEqual(JSON.parse(denied.body), { error: 'unauthenticated', message: 'log in first' });
  const allowed = await decide('/open');
  assert.throws(() => respondTo(allowed), ficha.InvalidArgument);
  client.close();
});

test('a decision is what the core makes: the host takes it as it is, and nobody else makes one', async () => {
  const client = new Client({ redis: { url: 'memory://' }, rule: [{ path: '/**', allow: 'anyone' }] });
  const { token } = await client.create('alice', { roles: ['teller'] });
  const admitted = await client.authorize({ method: 'GET', path: '/', headers: ['Cookie', `__Host-ficha=${token}`] });
  assert.equal(client.require({ roles: ['teller'] }, admitted), admitted);
  const denied = client.require({ roles: ['admin'] }, admitted);
  assert.deepEqual([denied.reason, denied.status, denied.rule, denied.session], ['missing_role', 403, 0, null]);
  assert.deepEqual(denied.headers, [['Vary', 'Cookie']]);
  assert.equal(client.require({ allow: 'anyone' }, denied), denied);
  const parts = ['allow', 'allowed', 200, 0, 'cookie', null, [], []];
  assert.throws(() => new ficha.Decision(...parts), TypeError);
  assert.throws(() => new admitted.constructor(undefined, ...parts), TypeError);
  client.close();
});

test('a cookie is a structure: its parts for a framework, or the field that the core writes', async () => {
  const client = new Client({ redis: { url: 'memory://' }, cookie: { name: 'sid', same_site: 'strict', domain: 'example.org' } });
  const session = await client.create('alice');
  const { inspect } = await import('node:util');
  const cookie = client.setCookie(session);
  assert.deepEqual([cookie.name, cookie.value, cookie.path, cookie.domain], ['sid', session.token, '/', 'example.org']);
  assert.deepEqual([cookie.maxAge, cookie.sameSite, cookie.secure, cookie.httpOnly], [null, 'strict', true, true]);
  assert.equal(cookie.field(), `sid=${session.token}; Path=/; Domain=example.org; Secure; HttpOnly; SameSite=Strict`);
  assert.match(client.setCookie(session, undefined, { maxAge: 60 }).field(), /; Max-Age=60; /);
  assert.doesNotMatch(client.setCookie(session, session.token, { maxAge: null }).field(), /Max-Age/);
  assert.throws(() => client.setCookie(session, undefined, { maxAge: 1.5 }), ficha.InvalidArgument);
  assert.doesNotMatch(inspect(cookie, { depth: 9, showHidden: true }) + JSON.stringify(cookie), /fch1_/);
  assert.deepEqual([client.clearCookie().value, client.clearCookie().maxAge], ['', 0]);
  client.close();
});

test('an inspected session or decision shows no attribute and no token', async () => {
  const client = new Client('memory://');
  const session = await client.create('a', { attributes: { secret: 'hunter2' } });
  const { inspect } = await import('node:util');
  assert.doesNotMatch(inspect(session, { depth: 9, showHidden: true, getters: false }), /hunter2|fch1_/);
  assert.equal(JSON.stringify(session), '{}');
  client.close();
});

test('what is no session is an error of the call, not the end of the process', async () => {
  const client = new Client('memory://');
  for (const wrong of [null, undefined, {}, 5, 'text', [], () => 1]) {
    assert.throws(() => client.setCookie(wrong), TypeError);
    for (const call of [() => client.revoke(wrong), () => client.patch(wrong, { set: { a: 1 } }), () => client.find(wrong)]) {
      await assert.rejects(call);
    }
    assert.throws(() => client.require({}, wrong), ficha.InvalidArgument);
  }
  for (const wrong of [{}, 5, []]) await assert.rejects(client.login(wrong, 'alice'), TypeError);
  await assert.rejects(client.login('no id', 'alice'), ficha.InvalidArgument);
  client.close();
});

test('errors say whether their message is for clients, as those of http-errors do', () => {
  const told = [new ficha.SessionGone('gone'), new ficha.Unavailable('not to be reached')].map(({ expose }) => expose);
  assert.deepEqual(told, [true, false]);
});
