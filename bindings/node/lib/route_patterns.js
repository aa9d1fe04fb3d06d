'use strict';
// Paths of routes in the syntax of rules: `*` for one segment, `**` for any number. Where one cannot say it exactly, what it
// says covers more.

const everything = '**';

function patternOf(segments) {
  return `/${segments.filter((segment) => segment !== '').join('/')}`;
}

/** A path of Express 5 (path-to-regexp 8): `:name`, `*name`, `{optional}`. Several patterns where it has options. */
function express5Patterns(path) {
  if (path instanceof RegExp) return [`/${everything}`];
  const segment = (text) => {
    const bare = text.replaceAll(/\\./g, '');
    if (bare.includes('*')) return everything;
    return bare.includes(':') ? '*' : text.replaceAll(/\\(.)/g, '$1');
  };
  return withOptions(path).map((one) => patternOf(one.split('/').map(segment)));
}

// Both ways for each `{…}`.
function withOptions(path) {
  const open = path.search(/(?<!\\)\{/);
  if (open < 0) return [path];
  let depth = 0;
  let close = open;
  for (; close < path.length; ++close) {
    if (path[close] === '\\') ++close;
    else if (path[close] === '{') ++depth;
    else if (path[close] === '}' && --depth === 0) break;
  }
  const [before, inside, after] = [path.slice(0, open), path.slice(open + 1, close), path.slice(close + 1)];
  return [...withOptions(before + inside + after), ...withOptions(before + after)];
}

/** A path of Express 4 (path-to-regexp 0.1) or of Fastify: `:name`, `:name?`, `:name(…)`, `*`. */
function simplePatterns(path) {
  if (path instanceof RegExp) return [`/${everything}`];
  let variants = [[]];
  for (const text of path.split('/')) {
    const isOptional = /^:\w+\?$/.test(text);
    const segment = /[*+(]/.test(text) ? everything : /[:?]/.test(text) ? '*' : text;
    const longer = variants.map((segments) => [...segments, segment]);
    variants = isOptional ? [...longer, ...variants] : longer;
  }
  return variants.map(patternOf);
}

const join = (prefix, pattern) => (prefix === '/' ? pattern : pattern === '/' ? prefix : prefix + pattern);

module.exports = { everything: `/${everything}`, express5Patterns, join, simplePatterns };
