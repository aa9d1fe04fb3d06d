// store.json: what each operation on a store answers, alike in every language (tests/conformance/README.md).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, FichaError, ManualClock } from 'ficha';
import { useLeakCheck, useRedis } from './helpers.mjs';
import { vectors } from './vectors.mjs';

const redis = useRedis();
useLeakCheck();
const file = vectors('store');
const start = file.start.unix_seconds;
const sinceStart = (time) => time - start;

// The fields of a session in the file's words.
const fields = {
  principal: (session) => session.principal,
  anonymous: (session) => session.anonymous,
  authenticated: (session) => session.authenticatedAt !== 0,
  roles: (session) => session.roles,
  scopes: (session) => session.scopes,
  attributes: (session) => session.attributes,
  protected: (session) => session.protected,
  device: ({ device }) => [device.address, device.userAgent],
  level: (session) => session.level,
  generation: (session) => session.generation,
  idle_seconds: (session) => session.idleSeconds,
  lifetime: (session) => session.expiresAt - session.createdAt,
  created_at: (session) => sinceStart(session.createdAt),
  authenticated_at: (session) => sinceStart(session.authenticatedAt),
  expires_at: (session) => sinceStart(session.expiresAt),
  idle_deadline: (session) => sinceStart(session.idleDeadline),
};

// Objects of attributes have no prototype, those in a value have: what counts is what they hold.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

/** One case on a client of its own. */
class Run {
  #issued = new Map();
  #shown = null;
  checks = 0;

  constructor(client, clock) {
    Object.assign(this, { client, clock });
  }

  native(value) {
    if (Array.isArray(value)) return value.map((part) => this.native(part));
    if (value === null || typeof value !== 'object') return value;
    if (value.$integer) return BigInt(value.$integer);
    if (value.$text) return value.$text[0].repeat(value.$text[1]);
    if (value.$nested) return JSON.parse('['.repeat(value.$nested) + ']'.repeat(value.$nested));
    if (value.$token) return `x=${this.#issued.get(value.$token).token}`;
    const entries = Object.entries(value).filter(([name]) => name !== '$each');
    const native = Object.fromEntries(entries.map(([name, part]) => [name, this.native(part)]));
    if (value.$each) {
      const [count, prefix, each] = value.$each;
      for (let i = 0; i < count; ++i) native[`${prefix}${i}`] = this.native(each);
    }
    return native;
  }

  #session(name) {
    return this.#issued.get(name);
  }

  #options(step, keys) {
    const given = {};
    for (const [from, to = from] of keys) if (from in step) given[to] = this.native(step[from]);
    if (given.device) given.device = { address: given.device[0], userAgent: given.device[1] };
    return given;
  }
  #newSession(step) {
    return this.#options(step, [
      ...[['roles'], ['scopes'], ['attributes'], ['protected'], ['device'], ['level'], ['authenticated']],
      ...[['idle_timeout', 'idleTimeout'], ['absolute_timeout', 'absoluteTimeout'], ['keep_attributes', 'keepAttributes']],
    ]);
  }
  #changes(step) {
    const changes = this.#options(step, [
      ...[['set'], ['add'], ['remove'], ['increment'], ['put'], ['take'], ['roles'], ['scopes'], ['device']],
      ...[['expected_generation', 'expectedGeneration'], ['idle_timeout', 'idleTimeout'], ['absolute_timeout', 'absoluteTimeout']],
    ]);
    if (step.protected) {
      const removed = (step.protected.remove ?? []).map((name) => [name, undefined]);
      const set = Object.entries(this.native(step.protected.set ?? {}));
      changes.protected = Object.fromEntries([...set, ...removed]);
    }
    for (const [name, by] of Object.entries(changes.increment ?? {})) changes.increment[name] = Number(by);
    return changes;
  }

  async #issue(step, session) {
    assert.equal(this.client.sessionId(session.token), session.id);
    this.#issued.set(step.as, session);
    this.#shown = session;
  }

  async #perform(step) {
    const { client } = this;
    switch (step.do) {
      case 'create':
        return this.#issue(step, await client.create(step.principal, this.#newSession(step)));
      case 'login':
        return this.#issue(step, await client.login(this.#session(step.current) ?? null, step.principal, this.#newSession(step)));
      case 'rotate':
        return this.#issue(step, await client.rotate(this.#session(step.session), 'grace' in step ? { grace: step.grace } : {}));
      case 'load': {
        const { touch = true, fresh = false } = step;
        this.#shown = await client.load(step.text ?? this.#session(step.token).token, { touch, fresh });
        if (this.#shown) assert.equal(this.#shown.token, null);
        return undefined;
      }
      case 'find':
        this.#shown = await client.find(this.#session(step.session).id);
        return undefined;
      case 'patch':
        return client.patch(this.#session(step.session).id, this.#changes(step));
      case 'revoke':
        return client.revoke(step.id ?? this.#session(step.session));
      case 'revoke_principal':
        return client.revokePrincipal(step.principal, step.keep ? { keep: this.#session(step.keep) } : {});
      case 'patch_principal':
        return client.patchPrincipal(step.principal, this.#changes(step));
      case 'list': {
        const names = new Map([...this.#issued].map(([name, { id }]) => [id, name]));
        return (await client.list(step.principal)).map(({ id }) => names.get(id));
      }
      case 'show':
        this.#shown = (await client.list(step.principal))[step.index];
        return undefined;
      case 'live': {
        const live = {};
        for (const name of Object.keys(step.expect)) {
          live[name] = (await client.load(this.#session(name).token, { touch: false, fresh: true })) !== null;
        }
        return live;
      }
      case 'advance':
        return this.clock.advance(1000 * step.seconds);
      default:
        throw new Error(`unknown step ${step.do}`);
    }
  }

  async compare(step) {
    this.#shown = null;
    if (step.error) return this.#compareError(step);
    const answer = await this.#perform(step);
    if (!('expect' in step)) return;
    const expected = step.expect;
    if (expected === null) {
      ++this.checks;
      assert.equal(this.#shown, null);
    } else if (typeof expected === 'object' && !Array.isArray(expected) && step.do !== 'live') {
      assert.ok(this.#shown, 'no session');
      for (const [field, value] of Object.entries(expected)) this.#compareField(field, value);
    } else {
      this.checks += step.do === 'live' ? Object.keys(expected).length : 1;
      assert.deepEqual(answer, expected);
    }
  }

  async #compareError(step) {
    const error = await this.#perform(step).then(() => assert.fail(`instead of ${step.error}`), (reason) => reason);
    if (!(error instanceof FichaError)) throw error;
    ++this.checks;
    assert.equal(error.codeName, step.error);
    if (step.names) ++this.checks, assert.ok(error.message.includes(step.names), `${step.names} is not named`);
    if (step.lacks) ++this.checks, assert.ok(!error.message.includes(step.lacks), 'the message holds a value');
  }

  #compareField(field, expected) {
    ++this.checks;
    if (field === 'same_as') return assert.equal(this.#shown.id, this.#session(expected).id);
    assert.ok(fields[field], `${field} is no field that this runner knows`);
    return assert.deepEqual(plain(fields[field](this.#shown)), this.native(expected), field);
  }
}

async function runAll(part, open) {
  let checks = 0;
  for (const [number, { name, session, steps }] of file[part].entries()) {
    const { client, clock } = open(number, session);
    const run = new Run(client, clock);
    try {
      for (const [index, step] of steps.entries()) {
        await run.compare(step).catch((error) => {
          throw new Error(`${name}: step ${index + 1}, ${step.do}: ${error.message}`, { cause: error });
        });
      }
    } finally {
      client.close();
    }
    checks += run.checks;
  }
  assert.deepEqual([file[part].length, checks], [file.counts[part], file.counts[`${part}_checks`]]);
}

const patient = { connect_timeout: '5s', command_timeout: '5s', operation_timeout: '20s' };

for (const [where, urlOf] of [['in memory', () => 'memory://'], ['on Redis', () => redis.url]]) {
  test(`store.json: every operation answers as in all languages, ${where}`, () =>
    runAll('cases', (number, session) => ({
      client: new Client({ redis: { url: urlOf(), namespace: `v${number}`, ...patient }, session }),
    })));
}

test('store.json: sessions live as long as in all languages', () =>
  runAll('timed', (number, session) => {
    const clock = new ManualClock(1000 * start);
    return { clock, client: new Client({ redis: { url: 'memory://' }, session }, { clock }) };
  }));
