import type { Client, Requirement } from './index.js';
import type { AdapterOptions, JudgedRoute } from './adapters.js';

export {
  AdapterOptions,
  Credential,
  FastifySession,
  HttpSession,
  JudgedRoute,
  RequestDenied,
  RequestInfo,
  SessionCookie,
  SessionData,
  UnevenRoutes,
} from './adapters.js';

/** Plugin: `app.register(sessions, { client })` gives requests `request.session` and `request.ficha`. */
export function sessions(fastify: object, options: AdapterOptions & { readonly client: Client }): Promise<void>;
/** A preHandler: what the session must have. */
export function requires(requirement: Requirement): (request: object, reply: object) => Promise<void>;
/** The routes registered after sessions, with the rule that judges each; throws UnevenRoutes. After `await app.ready()`. */
export function routes(app: object): JudgedRoute[];
