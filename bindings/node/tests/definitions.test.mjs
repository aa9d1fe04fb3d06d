// What is misspelt, empty or undefined is an error where it is written, not a door that stands open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'ficha';
import * as express from 'ficha/express';
import * as fastify from 'ficha/fastify';
import { useLeakCheck } from './helpers.mjs';

const client = new Client('memory://');
useLeakCheck([client]);

const mistakes = [
  [{ role: ['admin'] }, /"role".*"roles"/],
  [{ max_auth_age: 1 }, /"max_auth_age".*"maxAuthAge"/],
  [{ Roles: ['admin'] }, /"Roles".*"roles"/],
  [{ roles: [] }, /roles/],
  [{ roles: ['admin'], scopes: [] }, /scopes/],
  [{ roles: 'admin' }, /roles/],
  [{ roles: [''] }, /roles/],
  [{ roles: undefined }, /roles/],
  [{ scopes: [undefined] }, /scopes/],
  [{ maxAuthAge: undefined }, /maxAuthAge/],
  [{ maxAuthAge: 0 }, /maxAuthAge/],
  [{ maxAuthAge: '300' }, /maxAuthAge/],
  [{ level: 0 }, /level/],
  [{ level: NaN }, /level/],
  [{ allow: 'everyone' }, /allow/],
  [{}, /nothing/],
  [undefined, /object/],
  [['admin'], /object/],
];

for (const [name, requires] of Object.entries({ Express: express.requires, Fastify: fastify.requires })) {
  test(`a requirement that would let everybody pass is a TypeError at its definition: ${name}`, () => {
    for (const [requirement, says] of mistakes) {
      assert.throws(() => requires(requirement), { name: 'TypeError', message: says }, JSON.stringify(requirement));
    }
    requires({ roles: ['admin'], scopes: ['a'], level: 2, maxAuthAge: 300 });
    requires({ allow: 'authenticated' });
  });
}

test('requireRole(), requireScope() and requireFresh(undefined) are TypeErrors', () => {
  const { requireFresh, requireRole, requireScope } = express;
  assert.throws(() => requireRole(), TypeError);
  assert.throws(() => requireRole(undefined), TypeError);
  assert.throws(() => requireRole(['admin']), TypeError);
  assert.throws(() => requireScope(), TypeError);
  assert.throws(() => requireFresh(undefined), TypeError);
  assert.throws(() => requireFresh(), TypeError);
  assert.throws(() => requireFresh(300, { levl: 2 }), /"levl".*"level"/);
  assert.throws(() => requireFresh(300, { level: undefined }), TypeError);
});

test('a configuration value that is undefined is an error: a rule without its roles is looser', () => {
  const redis = { url: 'memory://' };
  assert.throws(() => new Client({ redis, rule: [{ path: '/**', roles: undefined }] }), /rule\[0\]\.roles is undefined/);
  assert.throws(() => new Client({ redis, rule: undefined }), /rule is undefined/);
});

test('the client judges by no requirement that is misspelt, either', async () => {
  const decision = await client.authorize({ method: 'GET', path: '/', headers: [] });
  for (const [requirement, says] of mistakes) {
    assert.throws(() => client.require(requirement, decision), { name: 'TypeError', message: says });
  }
});

test('an option that is not known is a TypeError that names the one that was meant', async () => {
  assert.throws(() => express.sessions(client, { unst: 'destroy' }), { name: 'TypeError', message: /"unst".*"unset"/ });
  assert.throws(() => express.sessions(client, { saveUninitialized: false }), /unknown option "saveUninitialized"/);
  assert.throws(() => new Client('memory://', { logger() {} }), { name: 'TypeError', message: /"logger"/ });
  await assert.rejects(client.create('ada', { role: ['admin'] }), { name: 'TypeError', message: /"role".*"roles"/ });
  await assert.rejects(client.login(null, 'ada', { absoluteTimout: 60 }), /"absoluteTimeout"/);
  const session = await client.create('ada');
  await assert.rejects(client.patch(session, { rmove: ['n'] }), /"rmove".*"remove"/);
  await assert.rejects(client.rotate(session, { graze: 1 }), /"grace"/);
});

test('what is no client is a TypeError that says what to write, at the call that gives it', async () => {
  for (const wrong of [undefined, 'memory://', { redis: { url: 'memory://' } }]) {
    assert.throws(() => express.sessions(wrong), { name: 'TypeError', message: /sessions\(new Client\(/ });
    await assert.rejects(fastify.sessions({}, { client: wrong }), { name: 'TypeError', message: /\{ client \}/ });
  }
});
