// What the services answer, as values and errors. The browser keeps the token: no code here ever sees it.

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** The session as one service sees it. Times are Unix seconds. */
export interface SessionView {
  service: string;
  instance: string;
  principal: string;
  roles: string[];
  scopes: string[];
  authenticated_at: number;
  notes: Record<string, Json>;
}

/**
 * signed-out: there is no live session. step-up: the password is asked for again (RFC 9470). unavailable: the service
 * cannot find out (503): nobody is signed out by that. unreachable: no answer from the service at all.
 */
export type Problem = 'signed-out' | 'step-up' | 'forbidden' | 'throttled' | 'unavailable' | 'unreachable' | 'refused';

export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    message: string,
  ) {
    super(message);
  }
}

const timeoutMs = 10_000;

const messages: Record<Exclude<Problem, 'refused'>, string> = {
  'signed-out': 'You are not signed in.',
  'step-up': 'Your password is needed once more.',
  forbidden: 'Your roles do not allow this.',
  throttled: 'Too many attempts. Please wait a moment and try again.',
  unavailable: 'Not available at the moment (503). Please try again.',
  unreachable: 'The service does not answer. Please try again.',
};

function problemOf(response: Response): Problem {
  switch (response.status) {
    case 401:
      return response.headers.get('WWW-Authenticate')?.includes('insufficient_user_authentication') ? 'step-up' : 'signed-out';
    case 403:
      return 'forbidden';
    case 429:
      return 'throttled';
    case 503:
      return 'unavailable';
    case 502:
    case 504:
      return 'unreachable';
    default:
      return 'refused';
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const problem = problemOf(response);
  const wait = response.headers.get('Retry-After');
  if (problem === 'throttled' && wait) return new ApiError(problem, `Too many attempts. Please try again in ${wait} seconds.`);
  if (problem !== 'refused') return new ApiError(problem, messages[problem]);
  const body: unknown = await response.json().catch(() => null);
  const told = body !== null && typeof body === 'object' && 'message' in body ? String(body.message) : '';
  return new ApiError(problem, told || `The service answered ${response.status}.`);
}

export interface Content {
  body?: unknown;
  /** The body as JSON text, where it is written by the user. */
  json?: string;
  /** The same order under the same key is done once (Idempotency-Key). */
  key?: string;
}

function optionsOf(method: string, { body, json, key }: Content): RequestInit {
  const text = body === undefined ? json : JSON.stringify(body);
  const headers = {
    ...(text !== undefined && { 'Content-Type': 'application/json' }),
    ...(key !== undefined && { 'Idempotency-Key': key }),
  };
  return { method, headers, body: text ?? null, cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) };
}

const { rawJSON } = JSON as { rawJSON?: (text: string) => Json };

// Integers beyond 2^53, which other languages put into sessions, stay as they are written, in browsers that tell how.
function exactly(_name: string, value: Json, context?: { source?: string }): Json {
  const rounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded && rawJSON && context?.source ? rawJSON(context.source) : value;
}

/** Rejects with ApiError. */
export async function request<T>(method: string, path: string, content: Content = {}): Promise<T> {
  const response = await fetch(path, optionsOf(method, content)).catch(() => {
    throw new ApiError('unreachable', messages.unreachable);
  });
  if (!response.ok) throw await errorOf(response);
  if (response.status === 204) return undefined as T;
  return JSON.parse(await response.text(), exactly) as T;
}
