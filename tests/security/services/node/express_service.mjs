// The same application on either release of Express, with what Express offers to reach one handler by several paths.
import http from 'node:http';
import { act, announce, client, label, require, seen } from './service.mjs';

const { respondTo } = require('./lib/index.js');
const { sessions } = require('./lib/express.js');

// As the method-override package does it.
function overrideMethod(req, res, next) {
  const wanted = req.headers['x-http-method-override'];
  if (req.method === 'POST' && typeof wanted === 'string' && http.METHODS.includes(wanted.toUpperCase())) {
    req.originalMethod = req.originalMethod || req.method;
    req.method = wanted.toUpperCase();
  }
  next();
}

const rewrite = (from, to) => (req, res, next) => {
  if (req.url === from || req.url.startsWith(`${from}/`) || req.url.startsWith(`${from}?`)) req.url = to + req.url.slice(from.length);
  next();
};

// The handlers that every parity service has, by paths as the router at `base` sees them.
function addHandlers(router) {
  router.all(['/secret', '/secret/:id'], label('secret'));
  router.all('/Capital/x', label('capital'));
  router.all('/account/x', label('account'));
  router.get('/items', label('items_read'));
  router.post('/items', label('items_write'));
  router.all(['/users', '/users/:id'], label('users'));
  router.all('/closed/x', label('closed'));
}

/** `everyPath` is how this Express writes a route for all paths. */
export function serve(express, everyPath) {
  const app = express();
  app.use(rewrite('/early', '/secret'));
  app.use(sessions(client));
  app.use(overrideMethod);
  app.use(rewrite('/late', '/secret'));
  app.use(rewrite('/LateCapital', '/Capital'));

  // A router that knows case, and inside it one that does not.
  const strict = express.Router({ caseSensitive: true, strict: true });
  const loose = express.Router({ caseSensitive: false });
  loose.all('/deep/:id', label('secret'));
  strict.use('/vault', loose);
  strict.all('/x', label('secret'));
  app.use('/secret/area', strict);

  // Mounted applications at two depths, each with flags of its own, and a rewrite in the inner one.
  const [outer, inner] = [express(), express()];
  inner.enable('case sensitive routing');
  inner.use(rewrite('/alias', '/x'));
  inner.all('/x', label('account'));
  outer.use('/inner', inner);
  app.use('/account/outer', outer);

  // Forwards inside the framework.
  app.all('/public/forward', (req, res) => {
    req.url = '/secret/forwarded';
    app.handle(req, res);
  });

  app.all('/wire/:action', (req, res, next) => {
    const { session } = req.ficha;
    act(req, req.params.action, req.headers['x-login']).then(() => res.end(seen(session, req)), next);
  });

  addHandlers(app);
  app.all(['/public/:anything', '/'], label('public'));
  app.all(everyPath, label('public'));
  app.use((error, req, res, _next) => {
    if (res.headersSent) return res.destroy();
    const answer = respondTo(error);
    if (answer) res.status(answer.status).set(answer.headers).type('json').send(answer.body);
    else res.status(error.status ?? 500).end();
  });

  return announce(http.createServer(app), [
    ...['/secret', '/secret/7', '/Capital/x', '/account/x', '/items', '/users', '/users/7', '/closed/x', '/public/x', '/'],
    ...['/early', '/early/7', '/late', '/late/7', '/LateCapital/x', '/secret/area/x', '/secret/area/vault/deep/7'],
    ...['/account/outer/inner/x', '/account/outer/inner/alias', '/public/forward', '/anything/else'],
  ]);
}
