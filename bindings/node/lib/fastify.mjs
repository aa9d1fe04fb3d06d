import fastify from './fastify.js';

export const {
  RequestDenied,
  requires,
  sessions,
} = fastify;
