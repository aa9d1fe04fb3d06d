// What a browser does: keeps cookies, and says where its requests come from.
import http from 'node:http';

export class Browser {
  #port;
  #cookies = new Map();
  /** Every value that a cookie has had. */
  seen = new Set();

  constructor(port) {
    this.#port = port;
  }

  get cookie() {
    return [...this.#cookies].map((pair) => pair.join('=')).join('; ');
  }

  /** {status, location, text}; `form` and `json` are bodies. */
  async ask(method, path, { form, json, body, headers = {} } = {}) {
    const sent = { ...headers };
    if (method !== 'GET') sent.Origin = `http://127.0.0.1:${this.#port}`;
    if (form) [sent['Content-Type'], body] = ['application/x-www-form-urlencoded', new URLSearchParams(form).toString()];
    if (json) [sent['Content-Type'], body] = ['application/json', JSON.stringify(json)];
    if (body) sent['Content-Length'] = Buffer.byteLength(body);
    if (this.cookie) sent.Cookie = this.cookie;
    const request = http.request({ host: '127.0.0.1', port: this.#port, method, path, headers: sent, agent: false });
    request.setTimeout(10_000, () => request.destroy(new Error(`no answer to ${method} ${path}`)));
    const response = await new Promise((resolve, reject) => request.on('response', resolve).on('error', reject).end(body));
    for (const field of response.headers['set-cookie'] ?? []) this.#keep(field);
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    return {
      status: response.statusCode,
      location: response.headers.location,
      encoding: response.headers['content-encoding'],
      bytes: Buffer.concat(chunks),
      text: Buffer.concat(chunks).toString(),
    };
  }
  get(path, options) {
    return this.ask('GET', path, options);
  }
  post(path, options) {
    return this.ask('POST', path, options);
  }

  #keep(field) {
    const [pair, ...attributes] = field.split(/; */);
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(name.length + 1);
    this.seen.add(decodeURIComponent(value));
    const ends = attributes.some((text) => /^max-age=0$/i.test(text) || (/^expires=/i.test(text) && new Date(text.slice(8)) < Date.now()));
    if (ends) this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }
}
