// A test's own view of a Redis server: commands as RESP arrays, whose parts may be any bytes, and the replies' values.
import { once } from 'node:events';
import net from 'node:net';

export class RedisConnection {
  #socket;
  #received = Buffer.alloc(0);
  #waiting = [];

  static async open(port) {
    const connection = new RedisConnection();
    connection.#socket = net.connect(port, '127.0.0.1');
    await once(connection.#socket, 'connect');
    connection.#socket.on('data', (bytes) => connection.#take(bytes));
    connection.#socket.on('close', () => connection.#fail(new Error('the connection to Redis is closed')));
    return connection;
  }
  /** The reply as text, number, null or array of these. Its rejection tells the name of the command, and no argument. */
  command(...parts) {
    const request = [Buffer.from(`*${parts.length}\r\n`)];
    for (const part of parts) {
      const bytes = Buffer.from(part);
      request.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
    this.#socket.write(Buffer.concat(request));
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject, name: parts[0] }));
  }
  close() {
    this.#socket.destroy();
  }

  #take(bytes) {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (let reply = parse(this.#received, 0); reply; reply = parse(this.#received, 0)) {
      this.#received = this.#received.subarray(reply.end);
      const { resolve, reject, name } = this.#waiting.shift();
      if (reply.value instanceof Error) reject(new Error(`${name}: ${reply.value.message}`));
      else resolve(reply.value);
    }
  }
  #fail(error) {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

// { value, end } of the reply that begins at `start`; undefined if it is not there as a whole.
function parse(bytes, start) {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('latin1', start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[start])) {
    case ':':
      return { value: Number(line), end };
    case '-':
      return { value: new Error(line.split(' ', 1)[0]), end };
    case '$':
      return parseBulk(bytes, Number(line), end);
    case '*':
      return parseArray(bytes, Number(line), end);
    default:
      return { value: line, end };
  }
}

function parseBulk(bytes, length, start) {
  if (length < 0) return { value: null, end: start };
  const end = start + length + 2;
  return bytes.length < end ? undefined : { value: bytes.toString('utf8', start, start + length), end };
}

function parseArray(bytes, count, start) {
  const value = [];
  let end = start;
  for (let i = 0; i < count; ++i) {
    const element = parse(bytes, end);
    if (!element) return undefined;
    value.push(element.value);
    end = element.end;
  }
  return { value, end };
}
