'use strict';
// Every route of an application, with the rule that judges it.

const { withoutPrefix } = require('./judged_request.js');

/** A handler is reached by paths that different rules judge, or none. */
class UnevenRoutes extends Error {
  constructor(listing) {
    super(`routes are judged unevenly:\n${listing.filter(({ problem }) => problem).map(lineOf).join('\n')}`);
    this.name = 'UnevenRoutes';
    this.routes = listing;
  }
}

function lineOf({ methods, path, handler, rule, line, problem }) {
  const judged = rule < 0 ? 'no rule' : `rule[${rule}]${line > 0 ? ` (line ${line})` : ''}`;
  return `  ${methods.join(',')} ${path} → ${handler}: ${judged}${problem && `: ${problem}`}`;
}

/** One name for each handler, whatever it is called. */
class HandlerNames {
  #names = new Map();
  of(handler) {
    let name = this.#names.get(handler);
    if (!name) {
      name = `${handler.name || 'anonymous'}#${this.#names.size + 1}`;
      this.#names.set(handler, name);
    }
    return name;
  }
}

/**
 * `routes`: [{ handler, methods, path, pattern }]. Resolves each to the rule that judges it; throws UnevenRoutes where a
 * handler is reached under rules of different strictness, or under none. `unjudged`: those that stand before sessions().
 */
function listRoutes(client, routes, unjudged = []) {
  const judged = routes.map(({ handler, methods, pattern }) => {
    return { handler, methods, pattern: withoutPrefix(pattern, client.config.prefixes) };
  });
  const findings = client.checkRoutes(judged);
  const listing = findings.map(({ route, methods, rule, line, problem }) => {
    const { handler, path, pattern } = routes[route];
    return Object.freeze({ handler, methods, path, pattern, rule, line, problem });
  });
  const problem = 'it stands before sessions()';
  listing.push(...unjudged.map((route) => Object.freeze({ ...route, rule: -1, line: 0, problem })));
  if (listing.some(({ problem }) => problem)) throw new UnevenRoutes(listing);
  return listing;
}

module.exports = { HandlerNames, UnevenRoutes, listRoutes };
