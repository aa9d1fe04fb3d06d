'use strict';
// The routes of an Express application, and which rule judges each.

const { checkKeys } = require('./options.js');
const { HandlerNames, listRoutes } = require('./route_listing.js');
const { everything, express5Patterns, join, simplePatterns } = require('./route_patterns.js');

/** On what sessions() returns: its client. */
const clientOf = Symbol('ficha client');

const isExpress4 = (app) => typeof app.lazyrouter === 'function';

function stackOf(app) {
  if (isExpress4(app)) app.lazyrouter();
  return (app._router ?? app.router).stack;
}

// Where a router is mounted: [path as it is shown, pattern]. Express 4 keeps a regular expression of it only, and Express 5
// up to 5.1 nothing.
function mountsOf(layer, fourth) {
  if (layer.rawPath !== undefined) {
    return [layer.rawPath].flat().flatMap((path) => express5Patterns(path).map((pattern) => [String(path), pattern]));
  }
  if (!fourth) return layer.slash ? [['', '/']] : [['?', everything]];
  if (layer.regexp.fast_slash) return [['', '/']];
  const source = /^\^(.*)\\\/\?\(\?=\\\/\|\$\)$/.exec(layer.regexp.source)?.[1];
  if (source === undefined) return [['?', everything]];
  let number = 0;
  const path = source
    .replaceAll('(?:\\/([^/]+?))', () => `/:${layer.keys[number++].name}`)
    .replaceAll('(?:([^\\/]+?))', () => `:${layer.keys[number++].name}`)
    .replaceAll(/\\(.)/g, '$1');
  return /[()[\]^$|]/.test(path) ? [['?', everything]] : simplePatterns(path).map((pattern) => [path, pattern]);
}

// The last function of a route for a method is its handler; those before it are its guards, as is what is for all methods
// and has some for one behind it.
function handlersOf(route) {
  const last = new Map();
  for (const { method, handle } of route.stack) {
    if (method) last.delete('');
    last.set(method?.toUpperCase() ?? '', handle);
  }
  return last;
}

function* routesIn(stack, [shown, prefix], context) {
  for (const layer of stack) {
    if (layer.route) {
      yield* routesOf(layer.route, shown, prefix, context);
    } else if (Array.isArray(layer.handle?.stack)) {
      for (const [path, pattern] of mountsOf(layer, context.fourth)) {
        yield* routesIn(layer.handle.stack, [shown + path, join(prefix, pattern)], context);
      }
    } else if (layer.name === 'mounted_app') {
      ++context.unseen;
    }
  }
}

function* routesOf(route, shown, prefix, { names, fourth }) {
  const patternsOf = fourth ? simplePatterns : express5Patterns;
  for (const path of [route.path].flat()) {
    for (const [method, handler] of handlersOf(route)) {
      for (const pattern of patternsOf(path)) {
        const methods = method === '' ? [] : [method];
        yield { handler: names.of(handler), methods, path: shown + path, pattern: join(prefix, pattern) };
      }
    }
  }
}

/**
 * The routes of an application that uses sessions(), each with the rule that judges it: [{ handler, methods, path, pattern,
 * rule, line, problem }]. Throws UnevenRoutes where one handler is reached under rules of different strictness, or under
 * none, as before sessions(). `mounted`: the applications mounted in it, which Express does not name.
 */
function routes(app, options = {}) {
  checkKeys('routes()', options, ['mounted']);
  const { mounted = [] } = options;
  const stack = stackOf(app);
  const layer = stack.findIndex(({ handle }) => handle?.[clientOf]);
  if (layer < 0) throw new Error('routes(): the application does not use sessions()');
  const client = stack[layer].handle[clientOf];
  const context = { names: new HandlerNames(), fourth: isExpress4(app), unseen: 0 };
  const unjudged = [...routesIn(stack.slice(0, layer), ['', '/'], context)];
  const found = [...routesIn(stack.slice(layer), ['', '/'], context)];
  for (const inner of mounted) {
    --context.unseen;
    for (const path of [inner.mountpath].flat()) {
      const patternsOf = context.fourth ? simplePatterns : express5Patterns;
      for (const pattern of patternsOf(path)) found.push(...routesIn(stackOf(inner), [path, pattern], context));
    }
  }
  if (context.unseen !== 0) throw new Error('routes(): name the applications that are mounted: routes(app, { mounted: […] })');
  return listRoutes(client, found, unjudged);
}

module.exports = { clientOf, routes };
