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

  hold(res) {
    this.#res = res;
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
    this.#calls.push([name, args]);
    if (name === 'end') Object.defineProperty(this.#res, 'writableEnded', { value: true, configurable: true });
    return name === 'write' ? false : this.#res;
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
    for (const [name, args] of this.#calls) this.#call(name, args);
    const wrote = this.#calls.some(([name]) => name === 'write');
    this.#calls = noCalls;
    if (wrote && !this.#res.writableEnded) this.#drain();
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
    process.nextTick(() => this.#res.emit('drain'));
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

module.exports = { HeldResponse };
