// Calling the HTTP API.

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;

/** Where the APIs answer. */
export const HTTP = meta("http-api");
export const WEBSOCKET = meta("websocket-api");

/** How long to wait before each further try of a call that may be repeated. */
const TRIES_AFTER_MS = [300, 1000, 3000];

/** What the API refused, in its own words. */
export class Refusal extends Error {
  constructor(status, { error, message, code } = {}) {
    super(error ?? message ?? `The API answered ${status}.`);
    this.status = status;
    this.code = code;
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The API for one person: with a token, or below a path of the console that keeps the person's cookie apart. */
export class Api {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  /**
   * Makes a call and gives the JSON of its answer. One that may be repeated is repeated while nothing but the network
   * or the server is in its way: one that only reads, and one with an idempotency key, which stores nothing twice.
   */
  async call(method, path, { json, key } = {}) {
    const waits = method === "GET" || key ? TRIES_AFTER_MS : [];
    for (let tried = 0; ; tried += 1) {
      try {
        return await this.#once(method, path, json, key);
      } catch (error) {
        const passes = !(error instanceof Refusal) || error.status >= 500;
        if (!passes || tried >= waits.length) throw error;
        await pause(waits[tried]);
      }
    }
  }

  get(path) {
    return this.call("GET", path);
  }

  async #once(method, path, json, key) {
    const headers = { accept: "application/json" };
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (json) headers["content-type"] = "application/json";
    if (key) headers["idempotency-key"] = key;
    const answer = await fetch(this.base + path, {
      method,
      headers,
      body: json && JSON.stringify(json),
      credentials: "same-origin",
    });
    const text = await answer.text();
    let body = null;
    try {
      body = text && JSON.parse(text);
    } catch {
      // What is no JSON is no answer of the API.
    }
    if (!answer.ok) throw new Refusal(answer.status, body || {});
    return body;
  }
}
