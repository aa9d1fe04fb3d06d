import type { Client, Requirement } from './index.js';
import type { AdapterOptions, JudgedRoute, SessionWith } from './adapters.js';

export {
  AdapterOptions,
  Credential,
  JudgedRoute,
  RequestDenied,
  RequestInfo,
  SessionCookie,
  UnevenRoutes,
} from './adapters.js';

/**
 * Attributes of `request.session`; extend it by declaration merging. At most 256, with names of 64 bytes and 64 KiB of JSON
 * each; names that clients choose are keys of a bag (`put`).
 */
export interface SessionData {}
export type HttpSession = SessionWith<SessionData>;
/** With what @fastify/session has besides. */
export type FastifySession = HttpSession & {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
};

/** Plugin: `app.register(sessions, { client })` gives requests `request.session` and `request.ficha`. */
export function sessions(fastify: object, options: AdapterOptions & { readonly client: Client }): Promise<void>;
/** A preHandler: what the session must have. */
export function requires(requirement: Requirement): (request: object, reply: object) => Promise<void>;
/** The routes registered after sessions, with the rule that judges each; throws UnevenRoutes. After `await app.ready()`. */
export function routes(app: object): JudgedRoute[];
