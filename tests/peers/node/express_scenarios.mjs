// Packages of Express, each in the way that its own documentation shows.
import http from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import compression from 'compression';
import flash from 'connect-flash';
import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import express from 'express';
import grant from 'grant';
import { createProxyMiddleware } from 'http-proxy-middleware';
import multer from 'multer';
import passport from 'passport';
import { Strategy } from 'passport-local';

/** Login, logout and a page, as express-session's documentation writes them. */
function addPages(app) {
  app.use(express.urlencoded({ extended: false }));
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1;
    res.json([req.session.user ?? null, req.session.views]);
  });
  app.post('/login', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = req.body.user;
      req.session.save((failure) => (failure ? next(failure) : res.redirect('/')));
    });
  });
  app.post('/logout', (req, res, next) => {
    req.session.user = null;
    req.session.save((error) => {
      if (error) return next(error);
      req.session.regenerate((failure) => (failure ? next(failure) : res.redirect('/')));
    });
  });
}

/** Logs in, looks, does `between`, logs out and looks again. */
async function visit({ browser, step }, between) {
  await browser.get('/');
  const { status, location } = await browser.post('/login', { form: { user: 'ada' } });
  await step('the login answers', [status, location]);
  await step('after the login', (await browser.get('/')).text);
  await between();
  await step('the logout answers', (await browser.post('/logout')).status);
  await step('after the logout', (await browser.get('/')).text);
}

const summary = ({ status, text }) => [status, text];

export const expressScenarios = {
  async express({ sessions, serve, step }) {
    const app = express();
    app.use(cookieParser(), sessions());
    addPages(app);
    app.get('/keep', (req, res) => {
      req.session.kept = { url: req.originalUrl, headers: req.headers, raw: req.rawHeaders, cookies: req.cookies };
      req.session.originalUrl = req.originalUrl;
      res.json([req.session.originalUrl, Object.keys(req.cookies).length + Number('cookie' in req.headers)]);
    });
    app.get('/keys', (req, res) => res.json(Object.keys(req.session).sort()));
    app.get('/remember', (req, res) => {
      req.session.cookie.maxAge = 86_400_000;
      res.json([req.session.cookie.originalMaxAge, req.session.cookie.maxAge > 86_300_000]);
    });
    app.get('/same', (req, res) => {
      req.session = req.session || {};
      req.session.cookie.maxAge = req.session.cookie.maxAge;
      req.session.nested = { left: undefined, right: 1 };
      res.json(req.session.cookie.originalMaxAge > 86_300_000);
    });
    app.get('/nested', (req, res) => res.json(req.session.nested));
    const browser = await serve(app);
    await visit({ browser, step }, async () => {
      await step('what a session keeps of a request', summary(await browser.get('/keep?next=%2Faccount')));
      await step('the names of what is in a session', (await browser.get('/keys')).text);
      for (const path of ['/remember', '/same', '/nested']) await step(path, summary(await browser.get(path)));
    });
  },

  async compression({ sessions, serve, step }) {
    const app = express();
    app.use(compression({ threshold: 0 }), sessions());
    addPages(app);
    app.get('/stream/:lines', (req, res) => {
      req.session.streamed = (req.session.streamed ?? 0) + 1;
      res.type('text/plain');
      Readable.from(Array.from({ length: Number(req.params.lines) }, (_, i) => `line ${i} of ${req.session.streamed}\n`)).pipe(res);
    });
    app.get('/twice', (req, res) => {
      req.session.twice = true;
      res.end('once');
      res.end('twice');
    });
    const browser = await serve(app);
    const headers = { 'Accept-Encoding': 'gzip' };
    const unpacked = ({ bytes, encoding, text }) => (encoding === 'gzip' ? zlib.gunzipSync(bytes).toString() : text);
    await visit({ browser, step }, async () => {
      for (const lines of [3, 20_000]) {
        const answer = await browser.get(`/stream/${lines}`, { headers });
        await step(`${lines} lines`, [answer.status, answer.encoding, unpacked(answer)]);
      }
      await step('a second end()', unpacked(await browser.get('/twice', { headers })));
    });
  },

  async passport({ sessions, serve, step }) {
    const users = new passport.Passport();
    users.use(new Strategy((name, password, done) => done(null, password === 'right' ? { name } : false, { message: 'no such user' })));
    users.serializeUser((user, done) => done(null, user.name));
    users.deserializeUser((name, done) => done(null, { name }));
    const app = express();
    app.use(sessions(), express.urlencoded({ extended: false }), flash(), users.session());
    app.get('/account', (req, res) => {
      if (req.isAuthenticated()) return res.json([req.user.name, req.session.cart ?? null]);
      req.session.returnTo = req.originalUrl;
      res.redirect('/login');
    });
    app.get('/login', (req, res) => res.json(req.flash('error')));
    app.get('/cart', (req, res) => res.json((req.session.cart = ['book'])));
    const way = { successReturnToOrRedirect: '/', failureRedirect: '/login', failureFlash: true };
    app.post('/login', users.authenticate('local', way));
    app.post('/login-and-keep', users.authenticate('local', { ...way, keepSessionInfo: true }));
    app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.redirect('/'))));
    const browser = await serve(app);
    const post = async (path, password) => {
      const { status, location } = await browser.post(path, { form: { username: 'ada', password } });
      return [status, location];
    };
    await browser.get('/cart');
    await step('a guarded page, to a visitor', (await browser.get('/account?of=ada')).location);
    await step('a wrong password', await post('/login', 'wrong'));
    await step('its message', (await browser.get('/login')).text);
    await step('its message again', (await browser.get('/login')).text);
    await step('a login that keeps the session', await post('/login-and-keep', 'right'));
    await step('the page it was for', summary(await browser.get('/account')));
    await step('another login', await post('/login', 'right'));
    await step('the page after it', summary(await browser.get('/account')));
    await step('the logout', (await browser.post('/logout')).location);
    await step('the page after the logout', (await browser.get('/account')).location);
  },

  async 'csrf-csrf'({ sessions, serve, step }) {
    const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
      getSecret: () => 'a secret',
      getSessionIdentifier: (req) => req.session.id,
      cookieName: 'csrf',
      cookieOptions: { secure: false },
    });
    const app = express();
    app.use(cookieParser(), sessions());
    app.get('/visitor', (req, res) => res.json(typeof generateCsrfToken(req, res)));
    app.get('/token', (req, res) => {
      req.session.begun = true;
      res.send(generateCsrfToken(req, res));
    });
    app.use(doubleCsrfProtection);
    addPages(app);
    app.post('/transfer', (req, res) => res.send('done'));
    app.use((error, req, res, _next) => res.status(error.status ?? 500).send(error.code ?? error.message));
    const browser = await serve(app);
    const post = (path, token, form) => browser.post(path, { form, headers: token ? { 'x-csrf-token': token } : {} });
    await step('a token for a visitor without a session', (await browser.get('/visitor')).text);
    const first = (await browser.get('/token?overwrite=1')).text;
    await step('without the token', summary(await post('/transfer')));
    await step('with the token', summary(await post('/transfer', first)));
    await step('the login', (await post('/login', first, { user: 'ada' })).location);
    await step('with the token of before the login', summary(await post('/transfer', first)));
    const second = (await browser.get('/token')).text;
    await step('after the login', [(await browser.get('/')).text, (await post('/transfer', second)).status]);
    await step('the logout', (await post('/logout', second)).location);
    await step('after the logout', (await browser.get('/')).text);
  },

  async grant({ sessions, serve, step, listen }) {
    const provider = await listen(
      http.createServer((req, res) => {
        const url = new URL(req.url, 'http://provider');
        if (url.pathname === '/authorize') {
          const back = new URL(url.searchParams.get('redirect_uri'));
          back.search = new URLSearchParams({ code: 'the-code', state: url.searchParams.get('state') });
          return res.writeHead(302, { Location: back.href }).end();
        }
        res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ access_token: 'the-access-token', token_type: 'bearer' }));
      }),
    );
    const app = express();
    app.use(sessions(), (req, res, next) => {
      const origin = `http://${req.headers.host}`;
      const local = {
        authorize_url: `http://127.0.0.1:${provider}/authorize`,
        access_url: `http://127.0.0.1:${provider}/token`,
        ...{ oauth: 2, key: 'id', secret: 'secret', scope: ['profile'], callback: '/welcome', response: ['tokens'] },
      };
      grant.express({ defaults: { origin, transport: 'session', state: true }, local })(req, res, next);
    });
    addPages(app);
    app.get('/welcome', (req, res) => {
      const { response } = req.session.grant;
      req.session.user = 'ada';
      res.json([response.access_token ?? null, response.error ?? null]);
    });
    const browser = await serve(app);
    const away = await browser.get('/connect/local');
    await step('the way to the provider', [away.status, away.location?.replace(/state=\w+/, 'state=…').replace(/(:|%3A)\d+/g, '')]);
    const back = await fetch(away.location, { redirect: 'manual' });
    const returned = new URL(back.headers.get('location'));
    const callback = await browser.get(returned.pathname + returned.search);
    await step('the way back', [callback.status, callback.location]);
    await step('who it is', summary(await browser.get('/welcome')));
    await step('the session', (await browser.get('/')).text);
    await step('the logout', (await browser.post('/logout')).location);
    await step('after it', (await browser.get('/')).text);
    const forged = await browser.get('/connect/local/callback?code=x&state=forged');
    await step('a state that was not given', [forged.status, forged.location?.split('?')[0]]);
  },

  async multer({ sessions, serve, step }) {
    const app = express();
    const upload = multer({ storage: multer.memoryStorage(), limits: { fileSize: 1_000_000 } });
    app.use(sessions());
    addPages(app);
    app.post('/upload', upload.single('file'), (req, res) => {
      (req.session.files ??= []).push([req.file.originalname, req.file.size, req.body.note]);
      res.json(req.session.files);
    });
    const browser = await serve(app);
    const send = async (name, size) => {
      const form = new FormData();
      form.set('note', 'for ada');
      form.set('file', new Blob(['x'.repeat(size)]), name);
      const request = new Request('http://upload', { method: 'POST', body: form });
      const body = Buffer.from(await request.arrayBuffer());
      return summary(await browser.post('/upload', { body, headers: { 'Content-Type': request.headers.get('content-type') } }));
    };
    await visit({ browser, step }, async () => {
      await step('an upload', await send('a.txt', 10));
      await step('another', await send('b.txt', 900_000));
      await step('one that is too large', (await send('c.txt', 1_100_000))[0]);
    });
  },

  async 'http-proxy-middleware'({ sessions, serve, step, listen }) {
    const behind = await listen(
      http.createServer(async (req, res) => {
        let bytes = 0;
        for await (const chunk of req) bytes += chunk.length;
        res.setHeader('Set-Cookie', 'behind=1').end(JSON.stringify([req.url, bytes, 'cookie' in req.headers, req.headers['x-user'] ?? null]));
      }),
    );
    const app = express();
    app.use(sessions());
    app.use('/api', (req, res, next) => {
      req.session.calls = (req.session.calls ?? 0) + 1;
      if (req.session.user) req.headers['x-user'] = req.session.user;
      next();
    });
    app.use('/api', createProxyMiddleware({ target: `http://127.0.0.1:${behind}`, changeOrigin: true }));
    addPages(app);
    app.get('/calls', (req, res) => res.json(req.session.calls ?? null));
    const browser = await serve(app);
    await visit({ browser, step }, async () => {
      const [url, , toldCookie, user] = JSON.parse((await browser.get('/api/accounts?of=ada')).text);
      await step('the service behind', [url, user]);
      await step('what the service behind is told of the session', toldCookie);
      const [, bytes] = JSON.parse((await browser.post('/api/upload', { body: 'x'.repeat(300_000) })).text);
      await step('a body that passes through', bytes);
      await step('what was counted before the proxy', (await browser.get('/calls')).text);
    });
  },
};

/** Starts a server on a free port; resolves to the port. */
export async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}
