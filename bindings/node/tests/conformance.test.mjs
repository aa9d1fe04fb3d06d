// The vectors that every language runs: the same requests, the same decisions, status codes and headers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, Config, InvalidArgument, InvalidConfig, ManualClock } from 'ficha';
import { native, useLeakCheck } from './helpers.mjs';
import { expand, keyless, vectorFiles, vectors } from './vectors.mjs';

useLeakCheck();
const nowMs = 1_700_000_000_000;
const week = 7 * 86_400;
const patternToml = (pattern) => `[[rule]]\npath = ${JSON.stringify(pattern)}\nallow = "anyone"`;

function open(toml, { clock, url = 'memory://', prefixes } = {}) {
  return new Client(Config.parse(`[redis]\nurl = "${url}"\n${toml}`), { clock, prefixes });
}

async function withClient(toml, options, use) {
  const client = open(toml, options);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

// --- decisions -------------------------------------------------------------------------------------------------------

async function tokenOf(client, clock, { session }) {
  if (!session) {
    const revoked = await client.create();
    await client.revoke(revoked);
    return revoked.token;
  }
  const { principal, roles, scopes, level, authenticated_ago: ago = 0 } = session;
  const lasting = { idleTimeout: 0, absoluteTimeout: week };
  const { token } = await client.create(principal, { roles, scopes, level, authenticated: ago !== null, ...lasting });
  clock.advance((ago ?? 0) * 1000);
  return token;
}

function requestOf({ headers, path, readings, ...others }, tokens) {
  const fill = (text) => expand(text).replace(/\$(?:TOKEN2?|CSRF2?)/g, (name) => tokens[name]);
  return {
    ...others,
    path: fill(path),
    headers: headers.flatMap(([name, value]) => [name, fill(value)]),
    readings: readings?.map(({ target = '', ...reading }) => ({ ...reading, target: fill(target) })),
  };
}

// A store takes no scope or role with a space in it.
const cannotBeStored = ({ session = {} }) => [session.roles, session.scopes].flat().some((name) => name?.includes(' '));

function asExpected({ verdict, reason, status, rule, carrier, headers }) {
  return { verdict, reason, status, rule, carrier, headers: Object.fromEntries(headers) };
}

test('decisions.json: the verdict, reason, status, rule, carrier and headers of every request', async () => {
  const { configs, prefixes, cases } = vectors('decisions');
  let decided = 0;
  for (const { name, given, expect } of cases) {
    const { asks_store: asksStore, look_up: _, ...expected } = expect;
    const toml = configs[given.config];
    const clock = new ManualClock(nowMs);
    await withClient(toml, { clock, prefixes: prefixes[given.config] }, async (client) => {
      if (cannotBeStored(given.lookup)) {
        await assert.rejects(tokenOf(client, clock, given.lookup), InvalidArgument, name);
        ++decided;
        return;
      }
      const tokens = { $TOKEN2: await tokenOf(client, clock, {}), $TOKEN: await tokenOf(client, clock, given.lookup) };
      tokens.$CSRF = client.csrfToken(tokens.$TOKEN);
      tokens.$CSRF2 = client.csrfToken(tokens.$TOKEN2);
      const request = requestOf(given, tokens);
      if (!given.lookup.error) {
        assert.deepEqual(asExpected(await client.authorize(request)), expected, name);
        ++decided;
      }
      // Which error it is makes no difference; and where the store is not asked, neither does that it is lost.
      if (given.lookup.error || !asksStore) {
        await withClient(toml, { url: 'redis://127.0.0.1:1/0', prefixes: prefixes[given.config] }, async (lost) => {
          assert.deepEqual(asExpected(await lost.authorize(request)), expected, name);
          if (given.lookup.error) ++decided;
        });
      }
    });
  }
  assert.equal(decided, cases.length);
  assert.ok(cases.length >= 783);
});

// --- paths and credentials, as far as authorize() shows them ---------------------------------------------------------

const decide = (toml, path, headers = []) =>
  withClient(toml, {}, (client) => client.authorize({ method: 'GET', path, headers }));

test('paths.json: refused paths, and what patterns match', async () => {
  const { canonical, matching } = vectors('paths');
  for (const { name, given, expect } of canonical) {
    const decision = await decide(patternToml('/**'), expand(given.target));
    assert.equal(['ambiguous_path', 'ambiguous_authority'].includes(decision.reason), 'refused' in expect, name);
  }
  for (const { name, given, expect } of matching) {
    const pattern = Buffer.from(expand(given.pattern), 'latin1').toString('utf8');
    assert.equal((await decide(patternToml(pattern), expand(given.target))).allowed, expect.matches, name);
  }
  assert.ok(canonical.length >= 143 && matching.length >= 71);
});

test('bearer.json: the Authorization field', async () => {
  const { cases } = vectors('bearer');
  const reasons = { absent: 'allowed_anonymous', malformed: 'malformed_bearer', several: 'two_authorizations' };
  for (const { name, given, expect } of cases) {
    const headers = given.fields.flatMap((field) => ['Authorization', expand(field)]);
    const decision = await decide(patternToml('/**'), '/', headers);
    if (expect.outcome === 'found') {
      assert.equal(decision.carrier, 'bearer', name);
    } else {
      assert.equal(decision.reason, reasons[expect.outcome], name);
    }
  }
  assert.ok(cases.length >= 70);
});

// --- cookies ---------------------------------------------------------------------------------------------------------

test('cookies.json: finding the session cookie', () => {
  const { find } = vectors('cookies');
  for (const { name, given, expect } of find) {
    const value = native.findCookie(given.name, ...given.fields.map(expand));
    if (expect.lookup === 'found') {
      assert.ok(value === expand(expect.value), name);
    } else {
      assert.equal(value, expect.lookup === 'absent' ? null : undefined, name);
    }
  }
  assert.ok(find.length >= 87);
});

test('cookies.json: writing and clearing it', async () => {
  const { write } = vectors('cookies');
  for (const { name, given, expect } of write) {
    const clock = new ManualClock(nowMs);
    const client = new Client({ redis: { url: 'memory://' }, cookie: given.cookie }, { clock });
    if (expect.clear_cookie) {
      assert.equal(client.clearCookie().field(), expect.clear_cookie, name);
    } else {
      const remaining = given.remaining_seconds;
      const lifetime = Math.min(Math.max(remaining, 1), 400 * 86_400); // the longest that a session may have
      const session = await client.create('', { idleTimeout: 0, absoluteTimeout: lifetime });
      clock.advance(Math.max(lifetime - remaining, 0) * 1000);
      assert.equal(client.setCookie(session).field().replace(session.token, '$TOKEN'), expect.set_cookie, name);
    }
    client.close();
  }
  assert.ok(write.length >= 15);
});

// --- configuration and tokens ----------------------------------------------------------------------------------------

test('policies.json: configurations that load, and mistakes that are reported with file, line and key', () => {
  const { cases } = vectors('policies');
  for (const { name, given, expect } of cases) {
    const parse = () => Config.parse(given.toml, 'ficha.toml');
    if (expect.ok) {
      assert.doesNotThrow(parse, name);
      continue;
    }
    assert.throws(parse, (error) => {
      assert.ok(error instanceof InvalidConfig, name);
      assert.ok(error.message.includes(expect.says), `${name}: ${error.message}`);
      if (expect.line) assert.match(error.message, new RegExp(`ficha\\.toml\\b.*\\b${expect.line}\\b`), name);
      return true;
    });
  }
  assert.ok(cases.length >= 200);
});

test('tokens.json: tokens lead to their ids, and hostile ones to no session without asking the store', async () => {
  const { valid, hostile } = vectors('tokens');
  const bytes = (hex) => Buffer.from(expand(hex), 'hex').toString('latin1');
  await withClient('', { url: 'redis://127.0.0.1:1/0' }, async (lost) => {
    for (const { name, token, id } of valid.filter(keyless)) assert.equal(lost.sessionId(token), id, name);
    for (const { name, token_hex: hex } of hostile.filter(keyless)) {
      assert.equal(lost.sessionId(bytes(hex)), null, name);
      assert.equal(await lost.load(bytes(hex)), null, name);
      assert.equal(lost.tryLoad(bytes(hex)), null, name);
    }
  });
  assert.ok(valid.filter(keyless).length + hostile.filter(keyless).length >= 100);
});

test('there is no file of vectors but those above, those of record_vectors and store_vectors, and wire.json of the suite security', () => {
  const known = ['bearer', 'cookies', 'decisions', 'paths', 'policies', 'records', 'store', 'tokens', 'wire'];
  assert.deepEqual(vectorFiles().sort(), known.map((name) => `${name}.json`));
});
