'use strict';
// Holds a response back until what belongs before its headers is done.

// What a handler said of its own answer: not true of an answer about an error.
const headersOfContent = /^(content-|etag$|last-modified$|location$|transfer-encoding$|accept-ranges$|cache-control$|expires$)/;
const noCalls = Object.freeze([]);
const heldOf = Symbol('ficha held response');

/**
 * Calls its own `prepare()` before the response's headers go out, and again before its end when they are out already: it
 * returns nothing, or a promise that the response waits for. Then `complete()` may add headers. When one of them fails, what
 * the handler wrote is dropped and `fail()` gets the error; a response whose headers are out is cut off as well, so that the
 * client does not take it for a success. To the handler, a response that is held back looks like one that is on its way.
 */
class HeldResponse {
  #res;
  #state = 'open';
  #calls = noCalls;
  #head;
  #writeHead;
  #write;
  #end;
  #flushHeaders;
  #on;
  #ended = false; // as far as the handler knows, while the response is held
  #waiting = false; // a write was told to wait for 'drain'
  #drains = new DrainListeners();

  hold(res) {
    this.#res = res;
    this.#on = res.on;
    res.on = res.addListener = on;
    this.#writeHead = res.writeHead;
    this.#write = res.write;
    this.#end = res.end;
    this.#flushHeaders = res.flushHeaders;
    // The same functions for every response: functions of its own would cost each its hidden class.
    res[heldOf] = this;
    res.writeHead = writeHead;
    res.write = write;
    res.end = end;
    res.flushHeaders = flushHeaders;
  }

  /** What a call of the response's method `name` returns. */
  pass(name, args) {
    const state = this.#state;
    if (state === 'open' && name === 'writeHead') args = takeHeaders(this.#res, args);
    if (state === 'open' || (state === 'released' && name === 'end' && !this.#res.writableEnded)) this.#start();
    switch (this.#state) {
      case 'held':
        return this.#keep(name, args);
      case 'dropping':
        if (name === 'end') this.#answer(this.#calls[0]);
        return name === 'write' ? true : this.#res;
      default:
        return this.#call(name, args);
    }
  }

  #call(name, args) {
    switch (name) {
      case 'writeHead':
        return this.#writeHead.apply(this.#res, args);
      case 'write':
        return this.#write.apply(this.#res, args);
      case 'end':
        return this.#end.apply(this.#res, args);
      default:
        return this.#flushHeaders.apply(this.#res, args);
    }
  }

  #keep(name, args) {
    if (name === 'writeHead' && this.#calls.length > 0) refuseHeaders();
    // node:http drops what comes after the end of a response that is out, and to the handler this one is.
    if (this.#ended && name !== 'flushHeaders') return this.#drop(name, args);
    this.#calls.push([name, args]);
    if (name === 'write') this.#waiting = true;
    if (name !== 'end') return name === 'write' ? false : this.#res;
    this.#ended = true;
    Object.defineProperty(this.#res, 'writableEnded', { value: true, configurable: true });
    return this.#res;
  }

  #drop(name, args) {
    const callback = args.find((argument) => typeof argument === 'function');
    if (callback) process.nextTick(callback, Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' }));
    return name === 'write' ? false : this.#res;
  }

  /** Notes who waits for 'drain': another wrapper of the response may keep its listeners where no event of ours arrives. */
  listen(type, listener) {
    if (type === 'drain' && this.#state !== 'released' && this.#state !== 'over') this.#drains.add(this.#res, listener);
    return this.#on.call(this.#res, type, listener);
  }

  #start() {
    let pending;
    try {
      pending = this.prepare();
    } catch (error) {
      pending = Promise.reject(error);
    }
    if (!pending) {
      this.#state = 'released';
      this.complete();
      return;
    }
    this.#state = 'held';
    this.#calls = [];
    this.#freeze();
    pending
      .then(() => this.#release())
      .catch((error) => this.#refuse(error));
  }

  #release() {
    this.#thaw();
    this.complete();
    this.#state = 'released';
    // One of them may throw: arguments are looked at now.
    let isFull = false;
    for (const [name, args] of this.#calls) {
      const taken = this.#call(name, args);
      if (name === 'write') isFull = taken === false;
    }
    this.#calls = noCalls;
    // What is full tells by itself when it no longer is.
    if (this.#waiting && !isFull && !this.#res.writableEnded) this.#drain();
    else this.#drains.forget();
  }

  #refuse(error) {
    if (this.#calls.some(([name]) => name === 'end') || this.#res.socket?.destroyed) {
      this.#answer(error);
    } else {
      // A handler that is still writing must not write into the answer about the error.
      this.#state = 'dropping';
      this.#calls = [error];
      this.#drain();
    }
  }

  #drain() {
    this.#waiting = false;
    process.nextTick(() => this.#drains.emit(this.#res));
  }

  #answer(error) {
    const res = this.#res;
    this.#calls = noCalls;
    this.#state = 'over';
    this.#thaw();
    if (res.headersSent) {
      res.destroy(error);
    } else {
      for (const name of res.getHeaderNames()) if (headersOfContent.test(name)) res.removeHeader(name);
      res.statusCode = 200;
      delete res.statusMessage;
    }
    this.fail(error);
  }

  // The handler has sent the head, as far as it knows: what it does to it from now on changes nothing, or throws.
  #freeze() {
    const res = this.#res;
    if (res.headersSent) return;
    const own = ['statusMessage', ...frozen.keys()].map((name) => [name, Object.getOwnPropertyDescriptor(res, name)]);
    this.#head = { own, statusCode: res.statusCode };
    for (const [name, value] of frozen) Object.defineProperty(res, name, { value, configurable: true, writable: true });
  }

  #thaw() {
    const res = this.#res;
    delete res.writableEnded;
    if (!this.#head) return;
    const { own, statusCode } = this.#head;
    this.#head = undefined;
    for (const [name, descriptor] of own) {
      if (descriptor) Object.defineProperty(res, name, descriptor);
      else delete res[name];
    }
    res.statusCode = statusCode;
  }
}

/** Who waits for 'drain'. */
class DrainListeners {
  #listeners = noCalls;

  add(res, listener) {
    if (this.#listeners.length === 0) {
      this.#listeners = [];
      const { removeListener } = res;
      res.removeListener = res.off = (type, removed) => {
        if (type === 'drain') this.#remove(removed);
        return removeListener.call(res, type, removed);
      };
    }
    this.#listeners.push(listener);
  }
  #remove(listener) {
    const at = this.#listeners.findIndex((other) => other === listener || other.listener === listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }
  forget() {
    this.#listeners = noCalls;
  }
  /** Once to each, wherever it is kept. */
  emit(res) {
    const noted = this.#listeners;
    this.#listeners = noCalls;
    const reached = new Set(res.rawListeners('drain'));
    res.emit('drain');
    for (const listener of noted) if (!reached.has(listener)) listener.call(res);
  }
}

function refuseHeaders() {
  const error = new Error('Cannot change headers after they are sent to the client');
  throw Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' });
}

const frozen = new Map([['headersSent', true]]);
for (const name of ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader']) frozen.set(name, refuseHeaders);

// Makes the headers that writeHead() is given the response's, as it does itself, so that others can join them.
function takeHeaders(res, args) {
  const [status, reason] = args;
  const headers = args[2] ?? (typeof reason === 'string' ? undefined : reason);
  if (!headers || (Array.isArray(headers) && typeof headers[0] === 'string' && headers.length % 2 !== 0)) return args;
  const fields = !Array.isArray(headers)
    ? Object.entries(headers)
    : Array.isArray(headers[0])
      ? headers
      : headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]]] : []));
  for (const [name] of fields) res.removeHeader(name);
  for (const [name, value] of fields) res.appendHeader(name, value);
  return typeof reason === 'string' ? [status, reason] : [status];
}

const [writeHead, write, end, flushHeaders] = ['writeHead', 'write', 'end', 'flushHeaders'].map(
  (name) =>
    function (...args) {
      return this[heldOf].pass(name, args);
    },
);

function on(type, listener) {
  return this[heldOf].listen(type, listener);
}

module.exports = { HeldResponse };
