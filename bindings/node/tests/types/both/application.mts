// An application with routes of Express and of Fastify, checked by tsc: each says for itself what its sessions hold.
import express from 'express';
import Fastify from 'fastify';
import { Client } from 'ficha';
import { sessions } from 'ficha/express';
import { type FastifySession, sessions as fastifySessions } from 'ficha/fastify';

declare module 'ficha/express' {
  interface SessionData {
    views: number;
    theme: string;
  }
}
declare module 'ficha/fastify' {
  interface SessionData {
    visits: number;
    theme: string;
  }
}
declare module 'fastify' {
  interface FastifyRequest {
    session: FastifySession;
  }
}

const client = new Client('memory://');
const app = express().use(sessions(client));
app.get('/', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1;
  // @ts-expect-error views are a number
  req.session.views = 'many';
  // @ts-expect-error declared for Fastify alone
  req.session.visits = 1;
  res.json(req.session.theme satisfies string | undefined);
});

const fastify = Fastify();
await fastify.register(fastifySessions, { client });
fastify.get('/', (request) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  // @ts-expect-error visits are a number
  request.session.visits = 'many';
  // @ts-expect-error declared for Express alone
  request.session.views = 1;
  return request.session.theme satisfies string | undefined;
});
