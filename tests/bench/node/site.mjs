// One Express application, with sessions of one kind, the other, or none: node site.mjs ficha|connect-redis|none REDIS-PORT PORT
import express from 'express';

const [kind, redisPort, port] = process.argv.slice(2);
const url = `redis://127.0.0.1:${redisPort}`;

async function ficha() {
  const { Client } = await import('ficha');
  const { sessions } = await import('ficha/express');
  return sessions(new Client({ redis: { url }, cookie: { name: 'sid', insecure_http: true } }));
}

async function connectRedis() {
  const { default: session } = await import('express-session');
  const { RedisStore } = await import('connect-redis');
  const { createClient } = await import('redis');
  const client = createClient({ url });
  await client.connect();
  const cookie = { maxAge: 30 * 60 * 1000 };
  return session({ store: new RedisStore({ client }), secret: 'of this benchmark alone', resave: false, saveUninitialized: false, cookie });
}

function none() {
  const session = { user: 'alice' };
  return (req, res, next) => {
    req.session = session;
    next();
  };
}

const app = express();
app.use(await { ficha, 'connect-redis': connectRedis, none }[kind]());
app.get('/fill', (req, res) => {
  req.session.user = 'alice';
  res.json('filled');
});
app.get('/show', (req, res) => res.json({ user: req.session.user }));
app.listen(Number(port), '127.0.0.1', () => process.send('listening'));
