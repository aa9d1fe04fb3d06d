// Fastify without case and slashes, with rewritten URLs, nested prefixes, versions and a catch-all.
import { act, announce, client, label, require, seen } from './service.mjs';

const Fastify = require('fastify');
const { sessions } = require('./lib/fastify.js');

const rewrites = [
  ['/early', '/secret'],
  ['/LateCapital', '/Capital'],
];

function rewriteUrl({ url }) {
  for (const [from, to] of rewrites) {
    if (url === from || url.startsWith(`${from}/`) || url.startsWith(`${from}?`)) return to + url.slice(from.length);
  }
  return url;
}

const app = Fastify({
  rewriteUrl,
  routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
});
// The driver sends bodies of every kind.
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', (request, payload, done) => {
  payload.resume();
  payload.on('end', () => done(null));
});
await app.register(sessions, { client });

const handler = (name) => async (request, reply) => {
  reply.header('X-Handler', name);
  return name;
};
void label;

app.all('/wire/:action', async (request) => {
  const { session } = request.ficha;
  await act(request, request.params.action, request.headers['x-login']);
  return seen(session, request.raw);
});
app.all('/secret', handler('secret'));
app.all('/secret/:id', handler('secret'));
app.all('/Capital/x', handler('capital'));
app.all('/account/x', handler('account'));
app.get('/items', handler('items_read'));
app.post('/items', handler('items_write'));
app.all('/users', handler('users'));
app.all('/users/:id', handler('users'));
app.all('/closed/x', handler('closed'));
app.all('/public/:anything', handler('public'));
app.all('/', handler('public'));
app.all('/*', handler('public'));
app.all('/users/:id.json', handler('users'));
await app.register(
  async (outer) => {
    outer.all('/x', handler('secret'));
    await outer.register(async (inner) => inner.all('/:id', handler('secret')), { prefix: '/Inner' });
  },
  { prefix: '/secret/area' },
);
await app.ready();

await announce(app.server, [
  ...['/secret', '/secret/7', '/Capital/x', '/account/x', '/items', '/users', '/users/7', '/closed/x', '/public/x', '/'],
  ...['/early', '/early/7', '/LateCapital/x', '/users/7.json', '/secret/area/x', '/secret/area/Inner/7', '/anything/else'],
]);
