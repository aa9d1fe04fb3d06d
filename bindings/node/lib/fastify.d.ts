import type { Client, Requirement } from './index.js';

export { HttpSession, RequestDenied, RequestInfo, SessionCookie, SessionData } from './adapters.js';

/** Plugin: `app.register(sessions, { client })` gives requests `request.session` and `request.ficha`. */
export function sessions(fastify: object, options: { readonly client: Client }): Promise<void>;
/** A preHandler: what the session must have. */
export function requires(requirement: Requirement): (request: object, reply: object) => Promise<void>;
