'use strict';
// Holds a response back until what belongs before its headers is done.

const headersOfContent = /^(content-|etag$|last-modified$|location$|transfer-encoding$|accept-ranges$)/;
const noCalls = Object.freeze([]);
const heldOf = Symbol('ficha held response');

/**
 * Calls its own `prepare()` before the response's headers go out, and again before its end when they are out already. It
 * returns nothing, or a promise that the response waits for. When it fails, what the handler wrote is dropped and `fail()`
 * gets the error; a response whose headers are out is cut off instead, so that the client does not take it for a success.
 */
class HeldResponse {
  #res;
  #state = 'open';
  #calls = noCalls;
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
    if (state === 'open' || (state === 'released' && name === 'end' && !this.#res.writableEnded)) this.#start();
    switch (this.#state) {
      case 'held':
        this.#calls.push([name, args]);
        return name === 'write' ? false : this.#res;
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

  #start() {
    let pending;
    try {
      pending = this.prepare();
    } catch (error) {
      pending = Promise.reject(error);
    }
    if (!pending) {
      this.#state = 'released';
      return;
    }
    this.#state = 'held';
    this.#calls = [];
    pending.then(
      () => this.#release(),
      (error) => this.#refuse(error),
    );
  }

  #release() {
    const calls = this.#calls;
    this.#calls = noCalls;
    this.#state = 'released';
    for (const [name, args] of calls) this.#call(name, args);
    if (calls.some(([name]) => name === 'write') && !this.#res.writableEnded) this.#drain();
  }

  #refuse(error) {
    if (this.#res.headersSent) {
      this.#state = 'over';
      this.#res.destroy(error);
    } else if (this.#calls.some(([name]) => name === 'end')) {
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
    for (const name of res.getHeaderNames()) if (headersOfContent.test(name)) res.removeHeader(name);
    res.statusCode = 200;
    res.statusMessage = undefined;
    this.fail(error);
  }
}

const [writeHead, write, end, flushHeaders] = ['writeHead', 'write', 'end', 'flushHeaders'].map(
  (name) =>
    function (...args) {
      return this[heldOf].pass(name, args);
    },
);

module.exports = { HeldResponse };
