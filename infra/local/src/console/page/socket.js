// A socket that opens again.

/** Waits before the next try: longer each time, and never quite the same, so that not all come at once. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** How long a connection stays away that was dropped by hand: long enough for the others to write something. */
const DROPPED_MS = 20_000;
/** API Gateway closes a socket that was silent for ten minutes. */
const PING_MS = 4 * 60_000;

/**
 * A link to the WebSocket API. It tells of `state`, whenever that changes or a second of waiting has passed, and of each
 * `frame`. With a greeting it is online once that is answered by `ready`; without one the upgrade itself says whose it is.
 */
export class Link extends EventTarget {
  state = "closed";
  /** How many seconds are left until the next try. */
  left = 0;
  #url;
  #greeting;
  #socket = null;
  #failures = 0;
  #timer = 0;
  #ping = 0;

  constructor(url, greeting) {
    super();
    this.#url = url;
    this.#greeting = greeting;
  }

  get isOnline() {
    return this.state === "online";
  }

  open() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#turn("connecting");
    socket.onopen = () => {
      if (this.#greeting) socket.send(JSON.stringify(this.#greeting));
      else this.#welcome();
    };
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "ready") this.#welcome();
      else this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#retry(this.#backoff());
    };
  }

  /** Sends a frame; false if there is nothing to send it over. */
  send(frame) {
    if (!this.isOnline || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ends the connection as if the network had gone, and tries again after a while. */
  drop() {
    this.#leave();
    this.#retry(DROPPED_MS);
  }

  /** Ends it for good. */
  close() {
    this.#leave();
    clearTimeout(this.#timer);
    this.#turn("closed");
  }

  #welcome() {
    this.#failures = 0;
    this.#ping = setInterval(() => this.send({ type: "ping" }), PING_MS);
    this.#turn("online");
  }

  #leave() {
    clearInterval(this.#ping);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (socket) socket.onmessage = null;
  }

  #backoff() {
    const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#failures, LONGEST_WAIT_MS);
    this.#failures += 1;
    return wait * (0.5 + Math.random() / 2);
  }

  #retry(wait) {
    clearInterval(this.#ping);
    clearTimeout(this.#timer);
    this.left = Math.ceil(wait / 1000);
    this.#timer = setTimeout(() => (wait > 1000 ? this.#retry(wait - 1000) : this.open()), Math.min(wait, 1000));
    this.#turn("waiting");
  }

  #turn(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
