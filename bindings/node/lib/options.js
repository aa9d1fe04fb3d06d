'use strict';
// Options by name: one that is not known is a mistake, at the call that gives it.

/** How many letters one word must change to be the other. */
function distance(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; ++i) {
    const next = [i];
    for (let k = 1; k <= to.length; ++k) {
      next[k] = Math.min(row[k] + 1, next[k - 1] + 1, row[k - 1] + (from[i - 1] === to[k - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[to.length];
}

/** The known name that was meant, or undefined where none is near. */
function nearest(name, known) {
  const plain = (text) => text.toLowerCase().replaceAll(/[-_]/g, '');
  const ranked = known.map((other) => [distance(plain(name), plain(other)), other]).sort(([a], [b]) => a - b);
  return ranked.length > 0 && ranked[0][0] <= Math.max(2, name.length / 3) ? ranked[0][1] : undefined;
}

/** Throws a TypeError for an option that is not among `known`; `what` names what they are options of. */
function checkKeys(what, options, known) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what}: an object is expected, with ${known.join(', ')}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const help = meant ? `did you mean ${JSON.stringify(meant)}?` : `known are ${known.join(', ')}`;
    throw new TypeError(`${what}: unknown option ${JSON.stringify(name.slice(0, 64))}; ${help}`);
  }
}

module.exports = { checkKeys };
