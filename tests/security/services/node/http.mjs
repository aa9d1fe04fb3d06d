// Without a framework: node:http, client.authorize(), and a routing of its own that repairs what it can, as many do.
import http from 'node:http';
import { announce, client, label, require, seen } from './service.mjs';

const { requestOf, respondTo } = require('./lib/index.js');

const items = { GET: label('items_read'), HEAD: label('items_read'), POST: label('items_write') };
const routes = [
  [/^\/secret(\/[^/]+)?$/, () => label('secret')],
  [/^\/capital\/x$/, () => label('capital')],
  [/^\/account\/x$/, () => label('account')],
  [/^\/items$/, ({ method }) => items[method]],
  [/^\/users(\/[^/]+)?$/, () => label('users')],
  [/^\/closed\/x$/, () => label('closed')],
  [/^\//, () => label('public')],
];

function pathOf(req) {
  const { pathname } = new URL(req.url, 'http://service'); // resolves dot segments, and reads "\" as "/"
  return decodeURIComponent(pathname).toLowerCase().replace(/(.)\/$/, '$1');
}

function handlerOf(req) {
  const path = pathOf(req);
  return routes.find(([pattern]) => pattern.test(path))?.[1](req);
}

// Without an adapter this is the service's own to do; the credential it keeps.
function stripped({ url, rawHeaders }) {
  const kept = (i) => !client.isIdentityHeader(rawHeaders[i & ~1]);
  return { url, rawHeaders: rawHeaders.filter((_, i) => kept(i)) };
}

const server = http.createServer(async (req, res) => {
  req.resume();
  try {
    const decision = await client.authorize(requestOf(req));
    for (const [name, value] of decision.headers) res.setHeader(name, value);
    const handler = decision.allowed ? handlerOf(req) : undefined;
    if (decision.allowed && /^\/wire\/[^/]+$/.test(pathOf(req))) return res.end(seen(decision.session, stripped(req)));
    if (handler) return handler(req, res);
    res.statusCode = decision.allowed ? 404 : decision.status;
    if (!decision.allowed) return res.end(respondTo(decision).body);
  } catch {
    res.statusCode = 400;
  }
  res.end();
});

await announce(server, ['/secret', '/secret/7', '/Capital/x', '/account/x', '/items', '/users', '/users/7', '/closed/x', '/public/x', '/'], ['headers']);
