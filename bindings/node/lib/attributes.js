'use strict';
// Attribute values between JavaScript and JSON, and what changed among them.

const { randomBytes } = require('node:crypto');
const { types } = require('node:util');
const { loadAddon } = require('./addon.js');
const { CorruptRecord, InvalidArgument } = require('./errors.js');

// Marks integers that only a BigInt can hold while JSON passes through JSON.parse and JSON.stringify, which know none.
// Nobody outside this process can put it into a string.
const mark = `bigint-${randomBytes(16).toString('hex')}:`;
const markedInteger = new RegExp(`"${mark}(-?\\d+)"`, 'g');
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const integer = /^-?\d+$/;
const longDigits = /\d{16}/;

function markInteger(token) {
  if (!integer.test(token) || Number.isSafeInteger(Number(token))) return token;
  return `"${mark}${token}"`;
}

function unmark(_key, value) {
  return typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
}

/** The value of an attribute's JSON text. Integers beyond 2^53 become BigInt. Throws CorruptRecord. */
function fromJson(name, text) {
  try {
    if (!longDigits.test(text)) return JSON.parse(text);
    return JSON.parse(text.replace(stringOrNumber, markInteger), unmark);
  } catch {
    // The message of JSON.parse quotes the text.
    throw new CorruptRecord(`attribute ${JSON.stringify(name)}: what is stored is not JSON`);
  }
}

function refuse(name, why) {
  return new InvalidArgument(`attribute ${JSON.stringify(name)}: ${why}`);
}

// Whether JSON.stringify writes all that there is in an object.
function isCarried(object) {
  if (object === null || Array.isArray(object)) return true;
  const prototype = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === null) return true;
  return !uncarried.some((isOne) => isOne(object));
}
const uncarried = [
  types.isMap,
  types.isSet,
  types.isWeakMap,
  types.isWeakSet,
  types.isPromise,
  types.isNativeError,
  types.isRegExp,
  types.isAnyArrayBuffer,
  types.isArrayBufferView,
  types.isBigIntObject,
  types.isSymbolObject,
];

/** The JSON text of an attribute; throws InvalidArgument naming the attribute, never its value. */
function toJson(name, value) {
  let hasBigInt = false;
  // JSON.stringify drops some of these in silence and empties others.
  function check(key, nested) {
    switch (typeof nested) {
      case 'undefined':
        return undefined; // dropped from an object, null in an array, as express-session does
      case 'function':
      case 'symbol':
        throw refuse(name, `JSON has no ${typeof nested}`);
      case 'number':
        if (!Number.isFinite(nested)) throw refuse(name, 'NaN and infinity are not JSON');
        return nested;
      case 'bigint':
        hasBigInt = true;
        return mark + nested;
      case 'object':
        if (nested === null && this[key] instanceof Date) throw refuse(name, 'an invalid date');
        if (!isCarried(nested)) throw refuse(name, `JSON has no ${Object.prototype.toString.call(nested).slice(8, -1)}`);
        return nested;
      default:
        return nested;
    }
  }
  let text;
  try {
    text = JSON.stringify(value, check);
  } catch (error) {
    if (error instanceof InvalidArgument) throw error;
    if (error instanceof RangeError) throw refuse(name, 'nested too deeply');
    // The message of JSON.stringify quotes property names.
    throw error instanceof TypeError ? refuse(name, 'it contains itself, or its toJSON fails') : error;
  }
  if (text === undefined) throw refuse(name, 'JSON has no undefined');
  return hasBigInt ? text.replace(markedInteger, '$1') : text;
}

function checkText(what, text) {
  if (typeof text !== 'string') throw new InvalidArgument(`${what} is a string, not ${typeof text}`);
  if (!text.isWellFormed()) throw new InvalidArgument(`${what}: a lone surrogate is not Unicode text`);
  return text;
}

/** [name, JSON text, …] of all own enumerable properties. */
function toTexts(attributes) {
  const texts = [];
  for (const [name, value] of Object.entries(attributes)) {
    texts.push(checkText("an attribute's name", name), toJson(name, value));
  }
  return texts;
}

/** Makes a value that several requests share immutable. */
function deepFreeze(value) {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

/** An attribute as it was read. Immutable: all requests that read the same generation share it. */
class StoredAttribute {
  constructor(name, text) {
    this.name = name;
    this.text = text;
    /** Whether the value can be shared as well: it is neither an object nor an array. */
    this.isScalar = text[0] !== '{' && text[0] !== '[';
    this.scalar = this.isScalar ? fromJson(name, text) : undefined;
  }
  /** A value that is the caller's to change. */
  value() {
    return this.isScalar ? this.scalar : fromJson(this.name, this.text);
  }
}

/** name → StoredAttribute, from [name, JSON text, …]. */
function storedAttributes(texts) {
  const stored = new Map();
  for (let i = 0; i < texts.length; i += 2) stored.set(texts[i], new StoredAttribute(texts[i], texts[i + 1]));
  return stored;
}

/** How many elements a step of changesOf() has. */
const stepLength = 4;

// Digits of a fraction beyond a number's, which another language has stored, are no change of this service's.
const asHeldHere = (name, text) => toJson(name, fromJson(name, text));

/** name → JSON text, or undefined where it is removed: what in `after` ([name, JSON text or undefined, …]) differs from `stored`. */
function differences(stored, after) {
  const before = [];
  const left = [];
  for (let i = 0; i < after.length; i += 2) {
    const [name, text] = [after[i], after[i + 1]];
    const was = stored.get(name)?.text;
    if (text === was) continue;
    if (text !== undefined) left.push(name, text);
    if (was !== undefined) before.push(name, text === undefined ? was : asHeldHere(name, was));
  }
  const changes = new Map();
  if (before.length === 0 && left.length === 0) return changes;
  // Another language may have written the same value with other blanks or escapes: the core compares what they say.
  const found = loadAddon().difference(before, left);
  for (let i = 0; i < found.length; i += 2) changes.set(found[i], found[i + 1] ?? undefined);
  return changes;
}

/**
 * The steps [kind, name, JSON text, key, …] that make `stored` the properties of `current`, but for those named in `apart`.
 * Nested changes count. `bagSteps`, of the same form, are what put() and take() did: where they are all that changed in a
 * bag, they are what is sent, so that others may change its other keys.
 */
function changesOf(stored, current, apart = [], bagSteps = []) {
  const after = [];
  let kept = 0;
  for (const name of Object.keys(current)) {
    if (apart.length > 0 && apart.includes(name)) continue;
    const value = current[name];
    if (value === undefined) continue;
    const before = stored.get(name);
    if (before) ++kept;
    if (before?.isScalar && Object.is(value, before.scalar)) continue;
    after.push(checkText("an attribute's name", name), toJson(name, value));
  }
  if (kept < stored.size) {
    for (const name of stored.keys()) {
      if (!Object.hasOwn(current, name) || current[name] === undefined) after.push(name, undefined);
    }
  }
  const ops = [];
  for (const [name, text] of differences(stored, after)) {
    const steps = text === undefined ? [] : stepsOf(bagSteps, name);
    if (text === undefined) ops.push('remove', name, '', '');
    else if (steps.length > 0 && afterSteps(stored.get(name), steps) === text) ops.push(...steps);
    else ops.push('set', name, text, '');
  }
  return ops;
}

function stepsOf(steps, name) {
  if (steps.length === 0) return steps;
  const own = [];
  for (let i = 0; i < steps.length; i += stepLength) {
    if (steps[i + 1] === name) own.push(...steps.slice(i, i + stepLength));
  }
  return own;
}

// The JSON text of a bag after steps on it.
function afterSteps(before, steps) {
  const bag = before?.value() ?? {};
  for (let i = 0; i < steps.length; i += stepLength) {
    const [kind, name, text, key] = steps.slice(i, i + stepLength);
    if (kind === 'take') delete bag[key];
    else Object.defineProperty(bag, key, { value: fromJson(name, text), writable: true, enumerable: true, configurable: true });
  }
  return toJson('', bag);
}

/** The names of attributes that steps change. */
function namesIn(ops) {
  return ops.filter((_, i) => i % stepLength === 1);
}

/** What steps of changesOf() put into `current`: of a bag the keys that were put, alone. */
function putIn(ops, current) {
  const values = [];
  const bags = new Map();
  for (let i = 0; i < ops.length; i += stepLength) {
    const [kind, name, , key] = ops.slice(i, i + stepLength);
    if (kind === 'set') values.push([name, current[name]]);
    if (kind === 'put' && Object.hasOwn(current[name], key)) bags.set(name, [...(bags.get(name) ?? []), [key, current[name][key]]]);
  }
  for (const [name, keys] of bags) values.push([name, Object.fromEntries(keys)]);
  return Object.fromEntries(values);
}

/** [name, JSON text, …] of steps that do nothing but set. */
function textsSetBy(ops) {
  return ops.filter((_, i) => i % stepLength === 1 || i % stepLength === 2);
}

/** The attributes after the steps of changesOf(). */
function applyChanges(stored, ops) {
  const after = new Map(stored);
  for (let i = 0; i < ops.length; i += stepLength) {
    const step = ops.slice(i, i + stepLength);
    const [kind, name, text] = step;
    if (kind === 'remove') after.delete(name);
    else after.set(name, new StoredAttribute(name, kind === 'set' ? text : afterSteps(after.get(name), step)));
  }
  return after;
}

module.exports = { StoredAttribute, applyChanges, changesOf, checkText, deepFreeze, differences, fromJson, namesIn, putIn, storedAttributes, textsSetBy, toJson, toTexts };
