// Which rule judges which route.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'ficha';
import { UnevenRoutes, routes, sessions } from 'ficha/express';
import { onEveryExpress } from './express_applications.mjs';
import { useLeakCheck } from './helpers.mjs';

const policy = [
  { path: '/secret/**', roles: ['staff'] },
  { path: '/users', allow: 'authenticated' },
  { path: '/users/**', allow: 'authenticated' },
  { path: '/open/**', allow: 'anyone' },
];
const client = new Client({ redis: { url: 'memory://' }, rule: policy });
useLeakCheck([client]);

const handle = (label) => Object.defineProperty((req, res) => res.send(label), 'name', { value: label });
const guard = (req, res, next) => next();

onEveryExpress((_application, everyPath, express) => {
  function application() {
    const app = express();
    app.use(sessions(client));
    return app;
  }

  test('every route is listed with its rule, through routers and mounted applications', () => {
    const app = application();
    const [router, inner] = [express.Router(), express()];
    const users = handle('users');
    app.get('/users', guard, users);
    app.route('/users/:id').get(users).put(handle('change'));
    router.get('/:id/deep', guard, handle('secret'));
    app.use('/secret/:area', router);
    inner.get('/x', handle('inner'));
    app.use('/open', inner);
    assert.throws(() => routes(app), /mounted/);
    const listed = routes(app, { mounted: [inner] });
    assert.deepEqual(
      listed.map(({ methods, pattern, rule }) => [methods.join(), pattern, rule]),
      [
        ['GET', '/users', 1],
        ['GET', '/users/*', 2],
        ['PUT', '/users/*', 2],
        ['GET', '/secret/*/*/deep', 0],
        ['GET', '/open/x', 3],
      ],
    );
  });

  test('a route before sessions() is an error, whatever rule its path has', () => {
    const app = express();
    app.get('/secret/early', handle('early'));
    app.use(sessions(client));
    app.get('/open/x', handle('open'));
    assert.throws(() => routes(app), /GET \/secret\/early → early#1: no rule: it stands before sessions\(\)/);
  });

  test('a handler under rules of different strictness, or under none, is an error that names it', () => {
    const uneven = application();
    const secret = handle('secret');
    uneven.get(['/secret/x', '/open/x'], secret);
    assert.throws(() => routes(uneven), (error) => error instanceof UnevenRoutes && /secret#1/.test(error.message));
    const uncovered = application();
    uncovered.get('/elsewhere', secret);
    assert.throws(() => routes(uncovered), /elsewhere → secret#1: no rule/);
    assert.throws(() => routes(express()), /sessions/);
  });

  test('optional parts of a path are several patterns', () => {
    const app = application();
    app.get(everyPath === '*' ? '/users/:id?' : '/users{/:id}', handle('users'));
    assert.deepEqual(routes(app).map(({ pattern }) => pattern).sort(), ['/users', '/users/*']);
  });
});
