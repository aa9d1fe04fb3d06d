import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Client, Requirement } from './index.js';
import type { AdapterOptions, JudgedRoute, RequestInfo, SessionWith } from './adapters.js';

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
 * Attributes of `req.session`; extend it by declaration merging. At most 256, with names of 64 bytes and 64 KiB of JSON each;
 * names that clients choose are keys of a bag (`put`).
 */
export interface SessionData {}
export type HttpSession = SessionWith<SessionData>;

/** What sessions() adds to a request. Where @types/express-session is installed as well, `session` keeps the type it has there. */
export interface FichaRequest {
  session: 'sessionStore' extends keyof Express.Request ? any : HttpSession;
  sessionID: string;
  ficha: RequestInfo;
}

declare global {
  namespace Express {
    interface Request extends FichaRequest {}
  }
}

export interface SessionsOptions extends AdapterOptions {
  /** What `req.session = null` and `delete req.session` do to the stored session at the end of the request. Default "keep". */
  readonly unset?: 'keep' | 'destroy';
  /** Send the cookie with every response of a stored session. Default false. */
  readonly rolling?: boolean;
  /** Follow the request through asynchronous code, for currentSession(). Default false: it costs every request some time. */
  readonly context?: boolean;
}

export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/** Applies the policy, and gives requests `req.session` and `req.ficha`. Denials and outages go to next(err). */
export function sessions(client: Client, options?: SessionsOptions): Middleware;
/** Route middleware: what the session must have. */
export function requires(requirement: Requirement): Middleware;
/** Any one of the roles. */
export function requireRole(...roles: string[]): Middleware;
/** All of the scopes. */
export function requireScope(...scopes: string[]): Middleware;
/** That the principal proved itself within the last `seconds`. */
export function requireFresh(seconds: number, options?: { readonly level?: number }): Middleware;
/**
 * The application's routes, with the rule that judges each; throws UnevenRoutes where one handler is reached under rules of
 * different strictness, or under none. `mounted`: the applications mounted in it.
 */
export function routes(app: object, options?: { readonly mounted?: readonly object[] }): JudgedRoute[];
/** The session of the request that the calling code runs for; throws unless sessions() was told `context: true`. */
export function currentSession(): HttpSession | undefined;
