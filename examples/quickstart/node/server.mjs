// A service with logins, on Ficha: node server.mjs ../ficha.toml 8080
//
// Every request is decided on by the policy in ficha.toml before a handler sees it. Passwords are the only thing here
// that a real service would do differently.
import http from 'node:http';
import express from 'express';
import { Client } from 'ficha';
import { sessions } from 'ficha/express';
import { acceptWebSockets } from './websocket.mjs';

const users = {
  ada: { password: 'lovelace', roles: ['customer', 'operator'] },
  bob: { password: 'builder', roles: ['customer'] },
};

const [file, port] = process.argv.slice(2);
if (!port) {
  console.error('usage: node server.mjs FICHA.TOML PORT');
  process.exit(2);
}
const client = new Client(file);

const describe = ({ id, principal: name, roles, attributes, device, createdAt, expiresAt }) => {
  return { id, name, roles, attributes, device, created_at: createdAt, expires_at: expiresAt };
};

const app = express();
app.set('json spaces', 2);
app.use(sessions(client));
app.use(express.text({ type: () => true }));

app.get('/', (req, res) => res.json({ hello: 'see POST /login' }));

app.post('/login', async (req, res) => {
  const { name, password } = JSON.parse(req.body);
  const user = Object.hasOwn(users, name) ? users[name] : undefined;
  if (!user || user.password !== password) return res.status(403).json({ error: 'wrong name or password' });
  res.json(describe(await req.ficha.login(name, { roles: user.roles })));
});

app.get('/me', (req, res) => res.json(describe(req.ficha.session)));

// An attribute by name, as in every language; what a handler assigns to req.session is stored the same way.
app.put('/me/attributes/:name', async (req, res) => {
  let value;
  try {
    value = JSON.parse(req.body);
  } catch {
    return res.status(400).json({ error: 'invalid_argument' });
  }
  res.json({ generation: await client.patch(req.ficha.session, { set: { [req.params.name]: value } }) });
});

app.get('/me/sessions', async (req, res) => {
  const all = await client.list(req.ficha.principal);
  res.json(all.map((session) => ({ ...describe(session), current: session.id === req.ficha.id })));
});

app.post('/logout', async (req, res) => {
  await req.ficha.logout();
  res.json({ logged_out: 1 });
});

app.post('/logout/everywhere', async (req, res) => {
  const { principal } = req.ficha;
  const others = await client.revokePrincipal(principal, { keep: req.ficha.session });
  await req.ficha.logout();
  res.json({ logged_out: others + 1 });
});

app.get('/metrics', (req, res) => res.type('text/plain; version=0.0.4').send(client.prometheusText()));

// 503 where Redis could not answer, 401 where the session has ended meanwhile, 403 where the policy says so, …
app.use((error, req, res, _next) => {
  res.status(error.status ?? 500).json({ error: error.codeName ?? error.decision?.verdict ?? 'internal' });
});

const server = http.createServer(app);
acceptWebSockets(server, client);
server.listen(Number(port), () => console.log(`listening on http://localhost:${port}`));
