// Passport on sessions() in the place of express-session, with nothing else changed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Passport } from 'passport';
import { Strategy } from 'passport-local';
import { onEveryExpress, useClients } from './express_applications.mjs';
import { serve } from './helpers.mjs';

const open = useClients();

function usePassport(app, express) {
  const passport = new Passport();
  const check = (name, password, done) => done(null, password === 'right' ? { name } : false, { message: 'wrong' });
  passport.use(new Strategy(check));
  passport.serializeUser((user, done) => done(null, user.name));
  passport.deserializeUser((name, done) => done(null, { name }));
  app.use(express.urlencoded({ extended: false }), passport.initialize(), passport.session());
  return passport;
}

onEveryExpress((application, everyPath, express) => {
  test('Passport logs in under a new token, knows its user, and logs out everywhere', async (t) => {
    const client = open();
    const app = application(client);
    const passport = usePassport(app, express);
    const outcome = { successRedirect: '/me', failureRedirect: '/failed', failureMessage: true };
    app.get('/start', (req, res) => res.json((req.session.cart = ['book'])));
    app.post('/login', passport.authenticate('local', outcome));
    app.post('/login-for-all', passport.authenticate('local'), async (req, res) => {
      await req.ficha.login(req.user.name);
      res.redirect('/me');
    });
    app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.redirect('/me'))));
    app.get('/failed', (req, res) => res.json(req.session.messages));
    app.get('/me', (req, res) => res.json([req.user?.name ?? null, req.session.cart ?? null]));
    const send = await serve(t, app);
    const jar = {};
    const tokenNow = () => jar.cookie.slice('sid='.length);
    const post = (path, body) =>
      send('POST', path, { jar, body, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });

    await send('GET', '/start', { jar });
    const before = tokenNow();
    assert.equal((await post('/login', 'username=ada&password=no')).headers.location, '/failed');
    assert.equal((await send('GET', '/failed', { jar })).text, '["wrong"]');
    assert.equal(tokenNow(), before);
    assert.equal((await post('/login', 'username=ada&password=right')).headers.location, '/me');
    assert.notEqual(tokenNow(), before);
    assert.equal(await client.load(before, { fresh: true }), null);
    assert.equal((await send('GET', '/me', { jar })).text, '["ada",null]');

    await post('/login-for-all', 'username=ada&password=right');
    assert.equal((await send('GET', '/me', { jar })).text, '["ada",null]');
    assert.equal((await client.load(tokenNow(), { fresh: true })).principal, 'ada');
    const during = tokenNow();
    await post('/logout', '');
    assert.equal(await client.load(during, { fresh: true }), null);
    assert.equal((await send('GET', '/me', { jar: { cookie: `sid=${during}` } })).text, '[null,null]');
  });
});
