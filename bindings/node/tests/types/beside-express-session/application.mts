// An application on its way from express-session, whose types are still installed: req.session keeps the type it has there.
import express from 'express';
import session from 'express-session';
import { Client } from 'ficha';
import { sessions } from 'ficha/express';

declare module 'express-session' {
  interface SessionData {
    views: number;
  }
}

const app = express();
app.use(sessions(new Client('memory://')));
app.get('/', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1;
  const id: string = req.sessionID;
  req.session.save(() => res.json([id, req.session.views, req.ficha.principal]));
  // @ts-expect-error an attribute that was not declared
  req.session.unknown = 1;
});
void session;
