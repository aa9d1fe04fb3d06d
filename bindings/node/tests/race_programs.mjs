// What the other processes and the workers of races.test.mjs do: `race_programs.mjs NAME ARGUMENT…`. The configuration
// comes as JSON in FICHA_CONFIG, the token of a session in TOKEN.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Client, SessionLimit } from 'ficha';

const [name, ...args] = process.argv.slice(2);
// Without a connection until it is told to begin: it was started ahead.
if (name === 'forEver') await toldToBegin();
const config = JSON.parse(process.env.FICHA_CONFIG);
const client = new Client(config);

async function toldToBegin() {
  await once(process.stdin, 'data');
  process.stdin.destroy();
}

// Writes 1, 2, 3, … to one attribute, and finds each of them when it reads its own write.
async function write(name, rounds) {
  const token = process.env.TOKEN;
  const id = client.sessionId(token);
  for (let round = 1; round <= Number(rounds); ++round) {
    await client.patch(id, { set: { [name]: round } });
    assert.equal((await client.load(token)).attributes[name], round);
  }
}

// Once it is told to begin: that many logins at once. Prints how many the limit let pass.
async function logIn(count) {
  process.stdout.write('ready\n');
  await toldToBegin();
  const logins = Array.from({ length: Number(count) }, () =>
    client.login(null, 'alice').then(
      () => 1,
      (error) => assert.ok(error instanceof SessionLimit, error.name) ?? 0,
    ),
  );
  console.log((await Promise.all(logins)).reduce((sum, one) => sum + one));
}

// --- until they are killed: one user's business each -----------------------------------------------------------------

async function createForEver(user, ready) {
  for (;;) {
    await client.create(`alice${user}`);
    ready();
  }
}

async function rotateForEver(user, ready) {
  let session = await client.create(`alice${user}`);
  for (let round = 0; ; ++round) {
    session = await client.rotate(session, { grace: (round % 2) * 30 });
    ready();
  }
}

async function reauthenticateForEver(user, ready) {
  let session = await client.create(`alice${user}`);
  for (;;) {
    session = await client.login(session, `alice${user}`);
    ready();
  }
}

async function changePrincipalForEver(user, ready) {
  let session = await client.create(`alice${user}`);
  for (let round = 0; ; ++round) {
    session = await client.login(session, `${round % 2 ? 'alice' : 'bob'}${user}`);
    ready();
  }
}

async function logInForEver(user, ready) {
  for (;;) {
    const session = await client.login(await client.create(), `alice${user}`);
    ready();
    await client.revoke(session);
  }
}

async function revokeForEver(user, ready) {
  for (;;) {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => client.create(`alice${user}`)));
    ready();
    await client.revoke(sessions[0]);
    await client.revokePrincipal(`alice${user}`);
  }
}

const endless = { createForEver, rotateForEver, reauthenticateForEver, changePrincipalForEver, logInForEver, revokeForEver };

// All users at once; prints when each has come round.
function forEver(business, users) {
  const come = new Set();
  return Promise.all(
    Array.from({ length: Number(users) }, (_, user) =>
      endless[business](user, () => {
        if (come.size < users && come.add(user).size === Number(users)) process.stdout.write('ready\n');
      }),
    ),
  );
}

await { write, logIn, forEver }[name](...args);
