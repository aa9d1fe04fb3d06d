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

/** Starts the server, and says on stdout where it is. */
export async function announce(server, seeds) {
  const [customer, staff] = await Promise.all([
    client.create('carl', { roles: ['customer'] }),
    client.create('stella', { roles: ['staff'] }),
  ]);
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const tokens = { customer: customer.token, staff: staff.token };
    console.log(JSON.stringify({ port, tokens, labels, seeds }));
  });
  process.once('SIGTERM', () => process.exit(0));
}
