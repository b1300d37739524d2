import { ChatError } from "./error.js";
import type {
  BotFrame,
  ClientFrame,
  MessageFrame,
  ReadyFrame,
  Recovery,
  RefusalFrame,
  ResumedFrame,
  Saying,
  ServerFrame,
} from "./frames.js";
import { backoff } from "./pause.js";
import { Timeline } from "./timeline.js";

/** What a socket needs of a WebSocket: what browsers have, Node from version 22, and `ws` for older ones. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
}

/** How a socket is made. */
export interface SocketOptions {
  /** The WebSocket API, its stage included. */
  url: string;
  /** The token of a login. */
  token: string;
  /** What opens WebSockets where there is no global `WebSocket`. */
  WebSocket?: new (url: string) => WebSocketLike;
  /** The last `seq` that is known of each chat, by its id. What came after it comes when the socket opens. */
  known?: Record<string, number>;
  /** How often to show that somebody is here, in milliseconds. API Gateway closes what is silent for ten minutes. */
  pingEvery?: number;
  /** How long the other side may take to answer a frame, in milliseconds. */
  timeout?: number;
  /** The longest pause before the socket is opened again, in milliseconds. */
  longestPause?: number;
}

/** What a socket tells. */
export interface SocketEvents {
  /** It is open, and this user's; `again` after it was lost. */
  open: { user_id: ReadyFrame["user_id"]; again: boolean };
  /** It was lost, and will be opened again. */
  lost: { error: ChatError };
  /** It is closed for good: by {@link ChatSocket.close}, or, with an error, because the token does not hold any more. */
  closed: { error?: ChatError };
  /** A message of a direct chat, a room or a group, an own one too: in the order of `seq` in each chat, and once. */
  message: MessageFrame;
  /** A question to the bot, and its answer. */
  bot: BotFrame;
  /** What was missed has come, as far as it goes. Where `recovered` is false, the history has the rest. */
  recovered: { chats: Record<string, Recovery>; messages: number };
  /** Every frame as it comes: the only event of people, groups and conversations. */
  frame: ServerFrame;
  /** A frame was refused that nobody waits for. */
  refused: ChatError;
}

type Listeners = { [E in keyof SocketEvents]: Set<(event: SocketEvents[E]) => void> };

type Acknowledgement = MessageFrame | BotFrame;

interface Waiting {
  frame: Saying & { client_id: string };
  resolve: (acknowledgement: Acknowledgement) => void;
  reject: (error: ChatError) => void;
  timer?: ReturnType<typeof setTimeout>;
}

/** How long what is said may take to come back, in milliseconds: longer than API Gateway lets any frame take. */
const ANSWER_TAKES = 40_000;
/** Chats that one `resume` may ask for. */
const CHATS_AT_ONCE = 100;

/** The chat of a message. */
export function chatOf(frame: MessageFrame): number {
  switch (frame.chat_type) {
    case "chat":
      return frame.chat_id;
    case "room":
      return frame.chat_room_id;
    case "group":
      return frame.chat_group_id;
  }
}

function isMessage(frame: ServerFrame): frame is MessageFrame {
  return "chat_type" in frame && "seq" in frame;
}

/** A socket that is opened again whenever it is lost, and then brings what was missed. */
export class ChatSocket {
  readonly #options;
  readonly #timelines = new Map<number, Timeline<MessageFrame>>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #listeners: Listeners = {
    open: new Set(),
    lost: new Set(),
    closed: new Set(),
    message: new Set(),
    bot: new Set(),
    recovered: new Set(),
    frame: new Set(),
    refused: new Set(),
  };

  #socket: WebSocketLike | undefined;
  #userId: ReadyFrame["user_id"] | undefined;
  #isOpen = false;
  #wasOpen = false;
  #isClosed = false;
  #failures = 0;
  /** Answers to `resume` that are to come after the socket was opened again, and how much came meanwhile. */
  #recovery: { parts: number; chats: Record<string, Recovery>; messages: number } | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SocketOptions) {
    const { WebSocket = globalThis.WebSocket as SocketOptions["WebSocket"], ...others } = options;
    if (WebSocket === undefined) throw new TypeError("There is no WebSocket here: give one in the options");
    this.#options = { pingEvery: 240_000, timeout: 10_000, longestPause: 30_000, ...others, WebSocket };
    for (const [chat, seq] of Object.entries(options.known ?? {})) this.know(Number(chat), seq);
  }

  /** Whose it is, once it was open. */
  get userId(): ReadyFrame["user_id"] | undefined {
    return this.#userId;
  }

  /** Calls a listener at each event, until the function is called that this gives. */
  on<E extends keyof SocketEvents>(event: E, listener: (event: SocketEvents[E]) => void): () => void {
    const listeners = this.#listeners[event];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Opens the socket. It fails where the token does not hold; everything else is tried again. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = [
        this.on("open", () => settle(resolve)),
        this.on("closed", ({ error }) => settle(() => reject(error ?? ended()))),
      ];
      const settle = (how: () => void) => {
        for (const off of forget) off();
        how();
      };
      this.#connect();
    });
  }

  /** Closes the socket for good. */
  close(): void {
    this.#end();
  }

  /**
   * Says that everything of a chat up to a position is known, for instance from its history. A chat that nothing was said
   * about begins with its first message that comes.
   */
  know(chat: number, seq: number): void {
    const timeline = this.#timelines.get(chat);
    if (timeline === undefined) this.#timelines.set(chat, Timeline.after(seq));
    else this.#give(timeline.know(seq));
  }

  /**
   * Sends a message to a room, a group or the bot, and waits until it comes back, which means that it is stored. It is
   * sent again, as the same message, when the socket is lost meanwhile.
   */
  say(saying: Saying): Promise<Acknowledgement> {
    if (this.#isClosed) return Promise.reject(ended());
    const frame = { ...saying, client_id: saying.client_id ?? crypto.randomUUID() };
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { frame, resolve, reject };
      this.#waiting.set(frame.client_id, waiting);
      this.#sendWaiting(waiting);
    });
  }

  /** Leaves a group: its messages do not come any more. `GET /chat_groups/{id}` enters it again. */
  leave(group: number): void {
    this.#send({ chat_type: "group", chat_group_id: group, event: "leave" });
  }

  #emit<E extends keyof SocketEvents>(event: E, what: SocketEvents[E]): void {
    for (const listener of [...this.#listeners[event]]) listener(what);
  }

  #connect(): void {
    if (this.#isClosed || this.#socket !== undefined) return;
    const socket = new this.#options.WebSocket(this.#options.url);
    this.#socket = socket;
    const lose = () => this.#lose(socket);
    socket.addEventListener("open", () => this.#send({ token: this.#options.token }));
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket === socket) this.#hear(JSON.parse(String(data)));
    });
    // An error is followed by the end, but not with every implementation where it never opened.
    socket.addEventListener("error", lose);
    socket.addEventListener("close", lose);
    // Until it is ready.
    this.#deadline = setTimeout(lose, this.#options.timeout);
  }

  #send(frame: ClientFrame): void {
    try {
      this.#socket?.send(JSON.stringify(frame));
    } catch {
      // It is not open (any more), which is told as an event.
    }
  }

  #hear(frame: ServerFrame): void {
    this.#emit("frame", frame);
    if (isMessage(frame)) {
      this.#acknowledge(frame, frame.user_id === this.#userId);
      this.#take(frame);
    } else if ("error" in frame) {
      this.#refuse(frame);
    } else if ("chat_type" in frame) {
      if (frame.chat_type !== "bot") return;
      this.#acknowledge(frame, true);
      this.#emit("bot", frame);
    } else if ("type" in frame) {
      if (frame.type === "ready") this.#begin(frame.user_id);
      if (frame.type === "pong") clearTimeout(this.#deadline);
      if (frame.type === "resumed") this.#settle(frame);
    }
  }

  #begin(userId: ReadyFrame["user_id"]): void {
    clearTimeout(this.#deadline);
    const again = this.#wasOpen;
    this.#userId = userId;
    this.#isOpen = this.#wasOpen = true;
    this.#failures = 0;
    this.#ping = setInterval(() => this.#askForLife(), this.#options.pingEvery);
    this.#emit("open", { user_id: userId, again });
    this.#resume();
    for (const waiting of this.#waiting.values()) this.#sendWaiting(waiting);
  }

  /** Asks for what came after what is known. */
  #resume(): void {
    const known = [...this.#timelines].map(([chat, timeline]) => {
      timeline.isAskedFor = true;
      return [String(chat), timeline.given] as const;
    });
    this.#recovery = known.length === 0 ? undefined : { parts: 0, chats: {}, messages: 0 };
    for (let first = 0; first < known.length; first += CHATS_AT_ONCE) {
      if (this.#recovery) this.#recovery.parts += 1;
      const chats = Object.fromEntries(known.slice(first, first + CHATS_AT_ONCE));
      this.#send({ type: "resume", chats });
    }
  }

  #settle({ chats }: ResumedFrame): void {
    for (const [chat, { seq }] of Object.entries(chats)) {
      const timeline = this.#timelines.get(Number(chat));
      if (timeline === undefined) continue;
      timeline.isAskedFor = false;
      this.#give(timeline.settle(seq));
    }
    const recovery = this.#recovery;
    const { messages } = recovery ?? { messages: 0 };
    if (recovery !== undefined) {
      Object.assign(recovery.chats, chats);
      recovery.parts -= 1;
      if (recovery.parts > 0) return;
      this.#recovery = undefined;
    }
    this.#emit("recovered", { chats: recovery?.chats ?? chats, messages });
  }

  #take(frame: MessageFrame): void {
    const chat = chatOf(frame);
    let timeline = this.#timelines.get(chat);
    if (timeline === undefined) {
      timeline = Timeline.from(frame);
      this.#timelines.set(chat, timeline);
    }
    this.#give(timeline.take(frame));
    if (timeline.hasGap && !timeline.isAskedFor) {
      timeline.isAskedFor = true;
      this.#send({ type: "resume", chats: { [chat]: timeline.given } });
    }
  }

  #give(messages: MessageFrame[]): void {
    if (this.#recovery) this.#recovery.messages += messages.length;
    for (const message of messages) this.#emit("message", message);
  }

  #acknowledge(frame: Acknowledgement, isOwn: boolean): void {
    const waiting = isOwn && frame.client_id !== undefined ? this.#waiting.get(frame.client_id) : undefined;
    if (waiting === undefined) return;
    this.#forget(waiting);
    waiting.resolve(frame);
  }

  #refuse({ error, code, retry_after, client_id }: RefusalFrame): void {
    const refusal = new ChatError(0, code, error, retry_after);
    const waiting = client_id === undefined ? undefined : this.#waiting.get(client_id);
    if (waiting !== undefined && (refusal.isPassing || retry_after !== undefined)) {
      this.#sendWaiting(waiting, (retry_after ?? 1) * 1000);
    } else if (waiting !== undefined) {
      this.#forget(waiting);
      waiting.reject(refusal);
    } else if (!this.#isOpen && code === "unauthenticated") {
      this.#end(refusal);
    } else {
      this.#emit("refused", refusal);
    }
  }

  /** Sends what somebody waits for, now or later, and again if nothing comes back. */
  #sendWaiting(waiting: Waiting, later = 0): void {
    clearTimeout(waiting.timer);
    // What is not open says so when it is.
    if (later === 0 && this.#isOpen) this.#send(waiting.frame);
    waiting.timer = setTimeout(() => this.#sendWaiting(waiting), later || ANSWER_TAKES);
  }

  #forget({ frame, timer }: Waiting): void {
    clearTimeout(timer);
    this.#waiting.delete(frame.client_id);
  }

  #askForLife(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#send({ type: "ping" });
    this.#deadline = setTimeout(() => this.#lose(socket), this.#options.timeout);
  }

  /** Lets go of a socket. */
  #drop(): void {
    clearTimeout(this.#deadline);
    clearInterval(this.#ping);
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    socket?.close();
  }

  #lose(socket: WebSocketLike): void {
    if (this.#socket !== socket) return;
    this.#drop();
    this.#retry = setTimeout(() => this.#connect(), backoff(this.#failures, 250, this.#options.longestPause));
    this.#failures += 1;
    this.#emit("lost", { error: ChatError.unreachable("the connection has ended") });
  }

  #end(error?: ChatError): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop();
    for (const waiting of [...this.#waiting.values()]) {
      this.#forget(waiting);
      waiting.reject(error ?? ended());
    }
    this.#emit("closed", error === undefined ? {} : { error });
  }
}

function ended(): ChatError {
  return new ChatError(0, "closed", "The socket is closed");
}
