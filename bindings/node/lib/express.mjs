import express from './express.js';

export const {
  RequestDenied,
  UnevenRoutes,
  currentSession,
  requireFresh,
  requireRole,
  requireScope,
  requires,
  routes,
  sessions,
} = express;
