import type { Client, Decision, LoginOptions, Session } from './index.js';

/** The request was not allowed. `status` and `headers` are what the response has to carry. */
export class RequestDenied extends Error {
  readonly status: number;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly expose: true;
  readonly decision: Decision;
}

/** Who is asking, and what the policy said. */
export interface RequestInfo {
  readonly client: Client;
  readonly decision: Decision;
  readonly session: Session | null;
  readonly id: string | null;
  readonly principal: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** Makes the request's session the principal's, under a new token. */
  login(principal: string, options?: LoginOptions): Promise<Session>;
  logout(): Promise<void>;
  /** For [csrf] mode = "token". */
  csrfToken(): string;
}

export interface SessionCookie {
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly domain?: string;
  /** Milliseconds; can be set until the session is stored. Null: that of the configuration. */
  maxAge: number | null;
  readonly originalMaxAge: number | null;
  get expires(): Date | null;
  set expires(date: Date | null | false);
}

/** Attributes of `req.session`; extend it by declaration merging. */
export interface SessionData {}

type Done = (error?: unknown) => void;

/** Its own enumerable properties are the session's attributes. */
export interface HttpSessionMethods {
  /** Undefined until the session is stored for the first time. */
  readonly id: string | undefined;
  readonly cookie: SessionCookie;
  save(): Promise<void>;
  save(callback: Done): this;
  reload(): Promise<void>;
  reload(callback: Done): this;
  regenerate(): Promise<void>;
  regenerate(callback: Done): this;
  destroy(): Promise<void>;
  destroy(callback: Done): this;
  touch(): this;
}
export type HttpSession = HttpSessionMethods & Partial<SessionData>;
