// What the parity services in Node have in common: the policy, two live sessions, the handlers by their labels, and the line
// that says where they are. Run as: node express5.mjs
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** The package of this repository, and what its tests have installed. */
export const require = createRequire(here('../../../../bindings/node/package.json'));
const { Client, Config } = require('./lib/index.js');

const policy = readFileSync(here('../../parity/ficha.toml'), 'utf8');
export const client = new Client(Config.parse(`${policy}\n[redis]\nurl = "memory://"\n`, 'ficha.toml'));

/** Handler label → who may run it. */
export const labels = {
  secret: ['staff'],
  capital: ['staff'],
  account: ['customer', 'staff'],
  items_read: ['anonymous', 'customer', 'staff'],
  items_write: ['staff'],
  users: ['customer', 'staff'],
  closed: [],
  public: ['anonymous', 'customer', 'staff'],
};

/** Sets the label as the first thing that a handler does. */
export const label = (name) => (req, res) => {
  res.setHeader('X-Handler', name);
  res.statusCode = 200;
  res.end(name);
};

/** What a service whose adapter keeps the session does below /wire (tests/conformance/README.md). */
export const actions = ['headers', 'hide', 'put', 'login', 'logout', 'gone', 'limit', 'large', 'invalid', 'away'];

// What a session cannot hold.
const unfit = { large: { kept: 'x'.repeat(70_000) }, invalid: { 'a\nb': 1 } };

/** What a handler below /wire says that it saw. */
export function seen(session, { url, rawHeaders }) {
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i], rawHeaders[i + 1]]);
  const path = decodeURIComponent(url.replace(/^[a-z]+:\/\/[^/]*/, '').split('?')[0]);
  return JSON.stringify({
    principal: session?.principal ?? '',
    note: session?.attributes.note ?? null,
    roles: session?.roles ?? [],
    path,
    headers,
  });
}

// A store that is away: nothing listens there.
async function away() {
  const lost = new Client({ redis: { url: 'redis://127.0.0.1:1' } });
  try {
    await lost.create('');
  } finally {
    lost.close();
  }
}

/** Does to a request's session what the last segment of the path says. */
export async function act(request, action, login = 'wanda') {
  if (action === 'put') request.session.kept = 1;
  if (action === 'login') await request.ficha.login(login);
  if (action === 'logout') await request.ficha.logout();
  if (action in unfit) Object.assign(request.session, unfit[action]);
  if (action === 'away') await away();
  if (action === 'gone') {
    request.session.kept = 1;
    await client.revoke(request.ficha.session);
  }
}

/** Starts the server, and says on stdout where it is. */
export async function announce(server, seeds, does = actions) {
  const sessions = [
    ['customer', 'carl', { roles: ['customer'], attributes: { note: 'näme' } }],
    ['staff', 'stella', { roles: ['staff'] }],
    ['guest', ''],
    ['leaving', 'leaving'],
    ['gone', 'gone'],
  ];
  const made = await Promise.all(sessions.map(([, principal, options]) => client.create(principal, options)));
  const { customer, staff, ...others } = Object.fromEntries(sessions.map(([name], i) => [name, made[i].token]));
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const wire = { tokens: others, actions: does };
    console.log(JSON.stringify({ port, tokens: { customer, staff }, labels, seeds, wire }));
  });
  process.once('SIGTERM', () => process.exit(0));
}
