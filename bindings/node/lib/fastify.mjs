import fastify from './fastify.js';

export const {
  RequestDenied,
  UnevenRoutes,
  requires,
  routes,
  sessions,
} = fastify;
