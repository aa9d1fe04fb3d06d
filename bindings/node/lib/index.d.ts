/** What JSON carries; integers beyond 2^53 are bigint. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

export type Attributes = Readonly<Record<string, JsonValue>>;

export interface Device {
  readonly address?: string;
  readonly userAgent?: string;
}

/** A session as it was when it was read. Immutable. Times are Unix seconds on the store's clock. */
export class Session {
  private constructor();
  /** Public; safe in logs. */
  readonly id: string;
  /** Only of a session just issued; null on one that was loaded. */
  readonly token: string | null;
  readonly generation: number;
  readonly createdAt: number;
  /** Absolute deadline. */
  readonly expiresAt: number;
  /** When the session ends if it is not used again, as known when it was read. */
  readonly idleDeadline: number;
  /** Idle timeout; 0 = none. */
  readonly idleSeconds: number;
  /** When the principal last proved itself; 0 = never. */
  readonly authenticatedAt: number;
  /** Assurance level, 0 to 3. */
  readonly level: number;
  /** "" = anonymous. */
  readonly principal: string;
  readonly anonymous: boolean;
  readonly device: Readonly<Required<Device>>;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly attributes: Attributes;
  /** Identity and authority that only adapters write; no ordinary attribute. Empty on sessions of list(). */
  readonly protected: Attributes;
  hasRole(role: string): boolean;
  hasScope(scope: string): boolean;
}

export type Verdict =
  | 'allow'
  | 'unauthenticated'
  | 'reauthenticate'
  | 'forbidden'
  | 'bad_request'
  | 'unavailable'
  | 'method_not_allowed'
  | 'preflight';

/** Whether a request may pass: a value, not an error. */
export class Decision {
  private constructor();
  readonly allowed: boolean;
  readonly verdict: Verdict;
  /** Why, in snake_case; for logs and tests, never for clients. */
  readonly reason: string;
  /** HTTP status of a denial; 200 for allow. */
  readonly status: number;
  /** Index of the rule that decided; -1 = none. */
  readonly rule: number;
  /** Indexes of the rules before it whose path matches and whose methods do not. */
  readonly skipped: readonly number[];
  /** Where the token came from. */
  readonly carrier: 'none' | 'cookie' | 'bearer';
  readonly session: Session | null;
  /** To be added to the response, whatever the handler does. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** One way in which a layer may route a request, besides by what came over the wire. */
export interface Reading {
  /** Default: the request's. */
  readonly method?: string;
  /** As in the request line, or a path that was decoded once. Default: the request's. */
  readonly target?: string;
  readonly decoded?: boolean;
}

/** A request as it came over the wire. */
export interface RawRequest {
  readonly method: string;
  /** The request target; a query is ignored. */
  readonly path: string;
  /** [name, value, name, value, …], as `rawHeaders` of node:http. */
  readonly headers: readonly string[];
  /** Of the connection the service accepted. Default "https". */
  readonly scheme?: string;
  /** The connection's remote address, for [trust] proxies. */
  readonly peer?: string;
  /** What a server or a header says was taken off the path: "" (default), or one of ClientOptions.prefixes. */
  readonly prefix?: string;
  /** By what else the request is routed; each must pass. At most 7. */
  readonly readings?: readonly Reading[];
}

/** A route of the service, for Client.checkRoutes(). */
export interface Route {
  /** The same name at several routes is the same handler. */
  readonly handler: string;
  /** Empty: GET, POST, PUT, PATCH, DELETE. */
  readonly methods: readonly string[];
  /** As a rule's path: `*` for one segment, `**` for any number. */
  readonly pattern: string;
}

export interface RouteFinding {
  /** Index of the Route. */
  readonly route: number;
  readonly methods: readonly string[];
  /** Index of the rule that decides; -1 = none. */
  readonly rule: number;
  /** Where the file defines it; 0 = in code. */
  readonly line: number;
  /** "" where nothing is wrong. */
  readonly problem: string;
}

/** At least one of these must be named. A name that is not known, an empty list and undefined are a TypeError. */
export interface Requirement {
  /** Default "authenticated". */
  readonly allow?: 'anyone' | 'authenticated' | 'nobody';
  /** Any one of them. */
  readonly roles?: readonly string[];
  /** All of them. */
  readonly scopes?: readonly string[];
  readonly level?: number;
  /** Seconds since the principal last proved itself. */
  readonly maxAuthAge?: number;
}

export interface NewSessionOptions {
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  readonly attributes?: Attributes;
  /** Identity and authority, for adapters: at most 32, 64 KiB together. */
  readonly protected?: Attributes;
  readonly device?: Device;
  readonly level?: number;
  /** Whether the principal proves itself now. Default true. */
  readonly authenticated?: boolean;
  /** Seconds; default: the configuration's. */
  readonly idleTimeout?: number;
  /** Seconds; default: the configuration's. */
  readonly absoluteTimeout?: number;
}

export interface LoginOptions extends Omit<NewSessionOptions, 'authenticated'> {
  /** Carry the attributes of an anonymous current session over. Default true. */
  readonly keepAttributes?: boolean;
}

export interface PrincipalChanges {
  /** Creates or replaces attributes. */
  readonly set?: Attributes;
  readonly remove?: readonly string[];
  /** Creates, replaces or (undefined) removes protected attributes. */
  readonly protected?: Readonly<Record<string, JsonValue | undefined>>;
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
  readonly device?: Device;
}

export interface Changes extends PrincipalChanges {
  /** Creates attributes; AttributeExists if one is there. */
  readonly add?: Attributes;
  /** Sets keys of bags, which are attributes that are objects: names of attributes are the service's, keys may be a client's. */
  readonly put?: Readonly<Record<string, Attributes>>;
  /** Takes keys out of bags. */
  readonly take?: Readonly<Record<string, readonly string[]>>;
  /** Adds to integer attributes; an absent one counts as 0. */
  readonly increment?: Readonly<Record<string, number>>;
  /** Conflict if the stored generation differs. */
  readonly expectedGeneration?: number;
  /** Seconds, 0 for none: a new idle timeout, beginning now. */
  readonly idleTimeout?: number;
  /** Seconds from now: a new absolute timeout. */
  readonly absoluteTimeout?: number;
}

export interface LoadOptions {
  /** False: the read does not extend the idle timeout (polling). Default true. */
  readonly touch?: boolean;
  /** True: ask Redis, whatever the near cache holds. Default false. */
  readonly fresh?: boolean;
}

export interface Stats {
  readonly hits: number;
  readonly misses: number;
  readonly sharedFlights: number;
  readonly invalidations: number;
  readonly flushesDisconnect: number;
  readonly flushesServer: number;
  readonly flushesStaleness: number;
  readonly evictions: number;
  readonly touchesSent: number;
  readonly touchesEffective: number;
  readonly commands: number;
  readonly connects: number;
  readonly connectFailures: number;
  readonly timeouts: number;
  readonly inFlight: number;
  readonly cacheEntries: number;
  readonly cacheBytes: number;
  readonly roundTrips: readonly number[];
  readonly roundTripSumUs: number;
  /** Over the server's keys, because it has evicted some, or does not say. */
  readonly keyWalks: number;
  /** Such walks that did not end in time. */
  readonly incomplete: number;
  /** By the server since it started, as last read; null where it does not say. */
  readonly evictedKeys: number | null;
  /** The server's maxmemory-policy as of the last connect; "unknown" where it does not say. */
  readonly evictionPolicy: string;
}

/** A complete, valid configuration. */
export class Config {
  private constructor();
  /** Reads a ficha.toml. Throws InvalidConfig naming file, line and key. */
  static load(path: string): Config;
  /** The same from text; `source` stands for the file in messages. */
  static parse(text: string, source?: string): Config;
  /** A URL with "://", the path of a ficha.toml, or an object in the shape of that file. */
  static from(source: ConfigSource): Config;
  readonly cookieName: string;
  readonly cookieDomain: string;
  readonly cookieSameSite: 'strict' | 'lax' | 'none';
  readonly cookieSecure: boolean;
  readonly cookiePersistent: boolean;
  readonly csrfMode: 'origin' | 'token' | 'off';
  readonly csrfHeader: string;
  /** Seconds; 0 = none. */
  readonly idleTimeout: number;
  /** Seconds. */
  readonly absoluteTimeout: number;
  readonly ruleCount: number;
  readonly hasIdentityHeaders: boolean;
  readonly passCredential: boolean;
  readonly prefixes: readonly string[];
}

export interface ConfigTables {
  readonly [key: string]: ConfigValue | undefined;
}
export type ConfigValue = string | number | boolean | readonly ConfigValue[] | ConfigTables;
export type ConfigSource = Config | ConfigTables | string;

/** A clock for tests: stands still until it is told to move. */
export class ManualClock {
  constructor(unixMilliseconds: number);
  advance(milliseconds: number): void;
}

export interface ClientOptions {
  /** Receives 0 (debug) to 3 (error), and a message without tokens, passwords and attribute values. */
  readonly log?: (level: 0 | 1 | 2 | 3, message: string) => void;
  /** For tests. */
  readonly clock?: ManualClock;
  /** What proxies, or the service itself, take off its paths, such as "/shop". Rules are written without it. */
  readonly prefixes?: readonly string[];
}

/**
 * Sessions in one store, and the policy on them. Every promise may reject with a StoreError; after close(), with
 * ClientClosed. authorize() does not: what a closed client cannot find out is "unavailable". A client belongs to the
 * thread that made it: a worker opens its own. An open client does not keep the process alive; an operation does.
 */
export class Client {
  /** Connects in the background: an unreachable Redis is an error of the calls. Throws InvalidConfig. */
  constructor(config: ConfigSource, options?: ClientOptions);
  readonly config: Config;
  /** Rejects with InvalidArgument, TooLarge, SessionLimit. */
  create(principal?: string, options?: NewSessionOptions): Promise<Session>;
  /** The live session of a token, or null: unknown, expired and revoked look alike. */
  load(token: string, options?: LoadOptions): Promise<Session | null>;
  /** As load(), if that needs no waiting; undefined otherwise. */
  tryLoad(token: string, options?: LoadOptions): Session | null | undefined;
  /** A live session by its public id, or null; asks the store, and does not extend the idle timeout. */
  find(id: string): Promise<Session | null>;
  /** One atomic step; the new generation. Rejects with SessionGone, Conflict, AttributeExists, InvalidArgument, TooLarge. */
  patch(session: Session | string, changes: Changes): Promise<number>;
  /** The same session under a new token; the old one leads to it for `grace` seconds, 30 at most. */
  rotate(session: Session | string, options?: { readonly grace?: number }): Promise<Session>;
  /** The principal's new session, always under a new token; `current` is revoked. */
  login(current: Session | string | null, principal: string, options?: LoginOptions): Promise<Session>;
  /** True once the store has acknowledged it, false if there was none. */
  revoke(session: Session | string): Promise<boolean>;
  /** How many sessions ended. */
  revokePrincipal(principal: string, options?: { readonly keep?: Session | string }): Promise<number>;
  /** How many sessions were changed. */
  patchPrincipal(principal: string, changes: PrincipalChanges): Promise<number>;
  /** Oldest first. */
  list(principal: string): Promise<Session[]>;
  /** Never rejects for the store: what cannot be found out is "unavailable". */
  authorize(request: RawRequest): Promise<Decision>;
  /** As authorize(), if that needs no waiting; undefined otherwise. */
  tryAuthorize(request: RawRequest): Decision | undefined;
  /** Lower-case names of the header fields that a decision looks at, for hosts that cannot hand over all. */
  readonly judgedFields: readonly string[];
  /** Whether `reading` is, however it is written, among those that authorize(request) judges. */
  isJudged(request: RawRequest, reading: Reading): boolean;
  /** Which rules decide about each route, and what is wrong with that. */
  checkRoutes(routes: readonly Route[]): RouteFinding[];
  /** A requirement on the matched route, judged on what authorize() returned. */
  require(requirement: Requirement, decision: Decision): Decision;
  /** "forbidden: missing_role, by rule[3] /transfers/** (line 27)": for tests and tools, never for clients. */
  explain(decision: Decision): string;
  /**
   * The cookie for a session just issued, or for another one with its token. "Cache-Control: no-store" is due. `maxAge`: seconds
   * in the place of the configuration's; null = until the browser ends.
   */
  setCookie(session: Session, token?: string, options?: { readonly maxAge?: number | null }): ResponseCookie;
  /** The cookie that ends the session's. */
  clearCookie(): ResponseCookie;
  /** A value for the CSRF header of [csrf] mode = "token". */
  csrfToken(token: string): string;
  /** The public id of a token, without asking the store; null if it is malformed. */
  sessionId(token: string): string | null;
  /** Whether a client must not send this header, in any of its spellings. */
  isIdentityHeader(name: string): boolean;
  stats(): Stats;
  prometheusText(prefix?: string): string;
  /** Ends the connection; what is in flight rejects with ClientClosed. Idempotent. */
  close(): void;
}

/**
 * A request of node:http or node:http2, as Client.authorize() takes it; where middleware has changed its URL or method, with
 * that as a reading.
 */
export function requestOf(request: import('node:http').IncomingMessage | import('node:http2').Http2ServerRequest): RawRequest;

/** A cookie that a response sets. Immutable. */
export class ResponseCookie {
  private constructor();
  readonly name: string;
  /** The token; empty to clear the cookie. */
  readonly value: string;
  readonly path: string;
  /** "": this host only. */
  readonly domain: string;
  /** Seconds; null = until the browser ends. */
  readonly maxAge: number | null;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly secure: boolean;
  readonly httpOnly: true;
  /** The value of a Set-Cookie field. */
  field(): string;
}

/** What a client is told in the place of what its request's handler would have answered; the same in every language. */
export interface ErrorResponse {
  readonly status: number;
  /** For programs, stable: "unauthenticated", "session_limit". */
  readonly code: string;
  /** For people: a sentence that says nothing of reasons, sessions or servers. */
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As application/json; empty for 204. */
  readonly body: string;
}

/** For a Decision that denies, a RequestDenied and a FichaError; undefined for every other error. */
export function respondTo(denied: Decision | FichaError): ErrorResponse;
export function respondTo(denied: unknown): ErrorResponse | undefined;

/** Base of every error; the codes are stable and the same in every language. */
export class FichaError extends Error {
  readonly code: number;
  /** "session_gone" for SessionGone. */
  readonly codeName: string;
  /** HTTP status. */
  readonly status: number;
  readonly statusCode: number;
  /** Of the response. */
  readonly headers: Readonly<Record<string, string>>;
}
/** The store could not answer. Says nothing about the session: an outage is never a logout. */
export class StoreError extends FichaError {}
export class InvalidArgument extends FichaError {}
export class InvalidConfig extends FichaError {}
export class TooLarge extends FichaError {}
export class Unavailable extends StoreError {}
export class OperationTimeout extends StoreError {}
export class AccessDenied extends StoreError {}
export class WriteRefused extends StoreError {}
export class CorruptRecord extends StoreError {}
/** A write was sent and no reply came: it may have happened. */
export class UnknownOutcome extends StoreError {}
export class Overloaded extends StoreError {}
/** Not all of a principal's sessions could be found in time, on a server that evicts keys. */
export class Incomplete extends StoreError {}
/** A write to a session that is no longer live. */
export class SessionGone extends FichaError {}
export class Conflict extends FichaError {}
export class AttributeExists extends FichaError {}
export class SessionLimit extends FichaError {}
export class ClientClosed extends FichaError {}
