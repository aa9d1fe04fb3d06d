// Carries out, with the Node package, the commands that ../README.md describes.
import { createRequire } from 'node:module';

// The package as this repository builds it, without installing it here.
const { Client, FichaError } = createRequire(import.meta.url)('../../../bindings/node');

const client = new Client(process.argv[2]);

// JSON with BigInt where a number would be rounded: JavaScript's own knows none.
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const isLong = (token) => /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));
const parse = (text) =>
  JSON.parse(
    text.replace(stringOrNumber, (token) => (isLong(token) ? `"bigint:${token}"` : token)),
    (_name, value) => (/^bigint:/.test(value) ? BigInt(value.slice(7)) : value),
  );
const format = (value) =>
  JSON.stringify(value, (_name, nested) => (typeof nested === 'bigint' ? `bigint:${nested}` : nested)).replace(
    /"bigint:(-?\d+)"/g,
    '$1',
  );

const mapped = (object, change) =>
  Object.fromEntries(Object.entries(object ?? {}).map(([name, value]) => [name, change(value)]));

function describe(session) {
  if (session === null) return null;
  return {
    id: session.id,
    token: session.token,
    principal: session.principal,
    generation: session.generation,
    created_at: session.createdAt,
    expires_at: session.expiresAt,
    idle_seconds: session.idleSeconds,
    authenticated_at: session.authenticatedAt,
    level: session.level,
    device: [session.device.address, session.device.userAgent],
    roles: session.roles,
    scopes: session.scopes,
    attributes: mapped(session.attributes, format),
  };
}

function newSession({ roles, scopes, level, device, attributes }) {
  return {
    roles,
    scopes,
    level,
    device: device && { address: device[0], userAgent: device[1] },
    attributes: mapped(attributes, parse),
  };
}

function changes({ set, add, remove, increment, roles, expected_generation: expectedGeneration }) {
  return { set: mapped(set, parse), add: mapped(add, parse), remove, increment, roles, expectedGeneration };
}

const operations = {
  create: async (command) => describe(await client.create(command.principal, newSession(command))),
  load: async ({ token, fresh }) => describe(await client.load(token, { fresh })),
  patch: (command) => client.patch(command.id, changes(command)),
  rotate: async ({ id, grace }) => describe(await client.rotate(id, { grace })),
  login: async (command) => {
    const current = command.token === undefined ? null : await client.load(command.token);
    return describe(await client.login(current, command.principal, newSession(command)));
  },
  revoke: ({ id }) => client.revoke(id),
  revoke_principal: ({ principal, id }) => client.revokePrincipal(principal, { keep: id }),
  patch_principal: (command) => client.patchPrincipal(command.principal, changes(command)),
  list: async ({ principal }) => (await client.list(principal)).map(describe),
  authorize: async ({ method, path, headers }) => {
    const { status, verdict, reason, session } = await client.authorize({ method, path, headers: headers.flat() });
    return { status, verdict, reason, session: describe(session) };
  },
};

// readline would end a line at U+2028 as well, from Node 24 on.
async function* lines(input) {
  let rest = '';
  for await (const chunk of input.setEncoding('utf8')) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop();
    yield* parts;
  }
}

for await (const line of lines(process.stdin)) {
  const command = JSON.parse(line);
  let answer;
  try {
    answer = { value: await operations[command.op](command) };
  } catch (error) {
    if (!(error instanceof FichaError)) throw error;
    answer = { error: { code: error.code, name: error.codeName, status: error.status } };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
client.close();
