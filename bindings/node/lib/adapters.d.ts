import type { Client, Decision, JsonValue, LoginOptions, Session } from './index.js';

/** The request was not allowed. `status` and `headers` are what the response has to carry. */
export class RequestDenied extends Error {
  readonly status: number;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly expose: true;
  readonly decision: Decision;
}

/** Shows no token unless it is asked to. */
export interface Credential {
  /** The header field for a call to another service that trusts the same sessions; empty without a session. */
  forward(): { Authorization?: string };
}

/** A route, and the rule that judges it. */
export interface JudgedRoute {
  readonly handler: string;
  readonly methods: readonly string[];
  /** As the framework has it. */
  readonly path: string;
  /** The same as a rule's path. */
  readonly pattern: string;
  /** Index of the rule; -1 = none. */
  readonly rule: number;
  readonly line: number;
  readonly problem: string;
}

/** A handler is reached under rules of different strictness, or under none. */
export class UnevenRoutes extends Error {
  readonly routes: readonly JudgedRoute[];
}

/** Options that the adapters have in common. */
export interface AdapterOptions {
  /**
   * Inside a mounted application or a prefixed plugin: where it is mounted, if the rules are written without that, or "" if
   * with it. Must be one of ClientOptions.prefixes.
   */
  readonly prefix?: string;
  /** Attributes that say who somebody is: assigned between regenerate() and save() only. Default ["passport"]. */
  readonly identityNames?: readonly string[];
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
  /** The credential behind the request, which `headers` no longer show. */
  readonly credential: Credential;
  /** For [csrf] mode = "token". */
  csrfToken(): string;
}

export interface SessionCookie {
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly domain?: string;
  /** Milliseconds that session and cookie last; can be set at any time. Null: as configured, and the cookie ends with the browser. */
  maxAge: number | null;
  /** What maxAge was when it was set. */
  readonly originalMaxAge: number | null;
  get expires(): Date | null;
  set expires(date: Date | null | false);
}

type Done = (error?: unknown) => void;

/** Its own enumerable properties are the session's attributes. */
export interface HttpSessionMethods {
  /** That of a session that is not stored yet holds from the moment it is. */
  readonly id: string;
  readonly cookie: SessionCookie;
  /** Stores a session with nothing in it as well: from then on it has an id. */
  save(): Promise<void>;
  save(callback: Done): this;
  reload(): Promise<void>;
  reload(callback: Done): this;
  regenerate(): Promise<void>;
  /** The attributes of these names go along. */
  regenerate(kept: readonly string[]): Promise<void>;
  regenerate(callback: Done): this;
  destroy(): Promise<void>;
  destroy(callback: Done): this;
  touch(): this;
  /** Sets one key of a bag, which is an attribute that is an object: its keys may be chosen by clients. */
  put(bag: string, key: string, value: JsonValue): this;
  /** Takes one key out of a bag; what was there. */
  take(bag: string, key: string): unknown;
}
/** A session with the attributes that an application declares. */
export type SessionWith<Data> = HttpSessionMethods & Partial<Data>;
