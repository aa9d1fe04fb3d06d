'use strict';
// Holds a response back until what belongs before its headers is done.

const headersOfContent = /^(content-|etag$|last-modified$|location$|transfer-encoding$|accept-ranges$)/;

/**
 * Calls `prepare` before the response's headers go out, and again before its end when they are out already. It returns
 * nothing, or a promise that the response waits for. When it fails, what the handler wrote is dropped and `fail` gets the
 * error; a response whose headers are out is cut off instead, so that the client does not take it for a success.
 */
function holdResponse(res, prepare, fail) {
  const originals = { writeHead: res.writeHead, write: res.write, end: res.end, flushHeaders: res.flushHeaders };
  let state = 'open';
  let held = [];

  function release() {
    const calls = held;
    held = [];
    state = 'released';
    for (const [name, args] of calls) originals[name].apply(res, args);
    if (calls.some(([name]) => name === 'write') && !res.writableEnded) process.nextTick(() => res.emit('drain'));
  }

  function refuse(error) {
    if (res.headersSent) {
      state = 'over';
      res.destroy(error);
      return;
    }
    // A handler that is still writing must not write into the answer about the error.
    if (!held.some(([name]) => name === 'end')) {
      state = 'dropping';
      held = [error];
      process.nextTick(() => res.emit('drain'));
      return;
    }
    answer(error);
  }

  function answer(error) {
    held = [];
    state = 'over';
    for (const name of res.getHeaderNames()) if (headersOfContent.test(name)) res.removeHeader(name);
    res.statusCode = 200;
    res.statusMessage = undefined;
    fail(error);
  }

  function start() {
    let pending;
    try {
      pending = prepare();
    } catch (error) {
      pending = Promise.reject(error);
    }
    if (!pending) {
      state = 'released';
      return;
    }
    state = 'held';
    pending.then(release, refuse);
  }

  for (const [name, original] of Object.entries(originals)) {
    res[name] = function (...args) {
      if (state === 'open' || (state === 'released' && name === 'end' && !res.writableEnded)) start();
      if (state === 'held') {
        held.push([name, args]);
        return name === 'write' ? false : res;
      }
      if (state === 'dropping') {
        if (name === 'end') answer(held[0]);
        return name === 'write' ? true : res;
      }
      return original.apply(res, args);
    };
  }
}

module.exports = { holdResponse };
