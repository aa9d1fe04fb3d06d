// Socket.IO with the sessions of Express, as its documentation shows it.
import http from 'node:http';
import { once } from 'node:events';
import express from 'express';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';

function application(sessions) {
  const app = express();
  const middleware = sessions();
  app.use(middleware, express.urlencoded({ extended: false }));
  app.get('/', (req, res) => res.json([req.session.user ?? null, req.session.count ?? 0]));
  app.post('/login', (req, res) => {
    req.session.user = req.body.user;
    res.redirect('/');
  });
  const server = http.createServer(app);
  const io = new Server(server);
  io.engine.use(middleware);
  io.on('connection', (socket) => {
    const { request } = socket;
    socket.join(request.session.id);
    socket.emit('who', request.session.user ?? null);
    socket.on('count', (answer) => {
      request.session.reload((error) => {
        if (error) return answer('no session any more');
        request.session.count = (request.session.count ?? 0) + 1;
        request.session.save((failure) => answer(failure ? failure.message : request.session.count));
      });
    });
  });
  app.post('/logout', (req, res) => {
    const { id } = req.session;
    const stay = req.query.stay !== undefined;
    req.session.destroy(() => {
      if (!stay) io.in(id).disconnectSockets();
      res.status(204).end();
    });
  });
  return { server, io };
}

export const socketScenarios = {
  async 'socket.io'({ sessions, step, browse, listen, later }) {
    const { server, io } = application(sessions);
    const port = await listen(server);
    later(() => io.close());
    const browser = browse(port);
    const open = async (transport) => {
      const socket = connect(`http://127.0.0.1:${port}`, {
        transports: [transport],
        extraHeaders: { Cookie: browser.cookie, Origin: `http://127.0.0.1:${port}` },
        reconnection: false,
        forceNew: true,
      });
      later(() => socket.close());
      const said = new Promise((resolve, reject) => socket.on('who', resolve).on('connect_error', reject));
      return { who: await said, count: () => socket.timeout(5000).emitWithAck('count'), gone: once(socket, 'disconnect') };
    };
    for (const transport of ['polling', 'websocket']) {
      const visitor = await open(transport);
      await step(`${transport}: a visitor`, visitor.who);
      await step(`${transport}: the login`, (await browser.post('/login', { form: { user: 'ada' } })).location);
      const user = await open(transport);
      await step(`${transport}: after the login`, user.who);
      await step(`${transport}: what a message changes`, [await user.count(), await user.count()]);
      await step(`${transport}: what a page sees of it`, (await browser.get('/')).text);
      const { cookie } = browser;
      await step(`${transport}: a logout that ends the connection`, (await browser.post('/logout')).status);
      await step(`${transport}: the connection`, (await user.gone)[0]);
      await browser.post('/login', { form: { user: 'bob' } });
      const next = await open(transport);
      await step(`${transport}: another login`, [next.who, cookie === browser.cookie]);
      await browser.post('/logout?stay=1');
      await step(`${transport}: a message after a logout`, await next.count());
    }
  },
};
