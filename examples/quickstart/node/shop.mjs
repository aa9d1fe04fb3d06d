// A service with logins, on Ficha.
//
// Every request is decided on by the policy in ficha.toml before a handler sees it. Passwords are the only thing here
// that a real service would do differently.
import express from 'express';
import { respondTo } from 'ficha';
import { sessions } from 'ficha/express';

const users = {
  ada: { password: 'lovelace', roles: ['customer', 'operator'] },
  bob: { password: 'builder', roles: ['customer'] },
};

const describe = ({ id, principal: name, roles, attributes, device, createdAt, expiresAt }) => {
  return { id, name, roles, attributes, device, created_at: createdAt, expires_at: expiresAt };
};

export function shop(client) {
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

  // A name that a client chooses is a key in a bag: never the name of an attribute, which may mean something to a framework.
  app.put('/me/settings/:key', async (req, res) => {
    let value;
    try {
      value = JSON.parse(req.body);
    } catch {
      return res.status(400).json({ error: 'invalid_argument' });
    }
    const put = { settings: { [req.params.key]: value } };
    res.json({ generation: await client.patch(req.ficha.session, { put }) });
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
    const answer = respondTo(error);
    if (answer) res.status(answer.status).set(answer.headers).type('json').send(answer.body);
    else res.status(error.status ?? 500).json({ error: 'internal' });
  });
  return app;
}
