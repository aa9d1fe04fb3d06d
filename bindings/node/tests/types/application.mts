// What an application writes, checked by tsc.
import express from 'express';
import { Client, type Session, SessionGone, StoreError } from 'ficha';
import { currentSession, requireFresh, requireRole, requireScope, requires, routes, sessions } from 'ficha/express';

declare module 'ficha/express' {
  interface SessionData {
    cart: { items: string[] };
    visits: number;
  }
}

const client = new Client({ redis: { url: 'memory://' }, rule: [{ path: '/**', allow: 'anyone' }] });
const session: Session = await client.create('alice', { roles: ['r'], attributes: { n: 1, big: 2n ** 60n, o: { l: [null] } } });
const loaded: Session | null = await client.load(session.token!, { fresh: true });
const local: Session | null | undefined = client.tryLoad('token');
const generation: number = await client.patch(session, { set: { a: 1 }, increment: { n: 1 }, expectedGeneration: 2 });
const found: Session | null = await client.find(session.id);
await client.patch(session, { idleTimeout: 60, absoluteTimeout: 3600 });
const reason: string = client.explain(await client.authorize({ method: 'GET', path: '/', headers: [] }));
void [loaded, local, generation, found, reason];

// @ts-expect-error a function is not JSON
await client.patch(session, { set: { f: () => 1 } });
// @ts-expect-error snapshots are read-only
session.principal = 'bob';
// @ts-expect-error a session comes from a client
new (session.constructor as typeof Session)();

// @ts-expect-error a misspelt requirement
requires({ role: ['admin'] });
const judged: boolean = client.isJudged({ method: 'GET', path: '/', headers: [], prefix: '/shop' }, { target: '/x' });
await client.patch(session, { put: { bag: { key: 1 } }, take: { bag: ['key'] }, protected: { user: undefined } });
const rules: number[] = client.checkRoutes([{ handler: 'h', methods: ['GET'], pattern: '/a/*' }]).map(({ rule }) => rule);
void [judged, rules, session.protected.user];

const app = express();
app.use(sessions(client, { unset: 'destroy', context: true, prefix: '', identityNames: ['passport'] }));
const listed: string[] = routes(app, { mounted: [] }).map(({ path }) => path);
void listed;
app.get('/', requireRole('admin'), requireScope('a', 'b'), requireFresh(300, { level: 2 }), (req, res) => {
  req.session.visits = (req.session.visits ?? 0) + 1;
  req.session.cart?.items.push('book');
  req.session.save((error) => res.json({ error, id: req.session.id, principal: req.ficha.principal }));
  req.session.put('preferences', 'sound', false).take('preferences', 'sound');
  const { Authorization } = req.ficha.credential.forward();
  void Authorization;
  // @ts-expect-error an attribute that was not declared
  req.session.unknown = 1;
});
app.post('/login', async (req, res) => {
  const issued: Session = await req.ficha.login('alice', { roles: ['admin'] });
  await req.session.regenerate();
  res.json([issued.id, currentSession()?.visits]);
});

try {
  await client.revoke(session);
} catch (error) {
  if (error instanceof SessionGone || error instanceof StoreError) console.log(error.code satisfies number);
}
