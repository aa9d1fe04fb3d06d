import express from './express.js';

export const {
  RequestDenied,
  currentSession,
  requireFresh,
  requireRole,
  requireScope,
  requires,
  sessions,
} = express;
