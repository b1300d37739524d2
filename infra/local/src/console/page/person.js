// One person: an account, its sockets, and what it sees of its chats.

import { Api, HTTP, Refusal, WEBSOCKET, pause } from "./api.js";
import { Chat, KINDS, list, said } from "./chats.js";
import { letters } from "./names.js";
import { Link } from "./socket.js";

const PASSWORD = "correct horse battery";
/** How long a message over the socket may take until it is not expected any more. */
const ACKNOWLEDGED_MS = 15_000;
/** How long what was overtaken by a later frame may take. */
const OVERTAKEN_MS = 1000;
/** How long `resume` may take. */
const RESUMED_MS = 20_000;
/** Most chats that one `resume` may ask for. */
const MOST_RESUMED = 100;
/** Pages of users that are read: who is beyond them is known once it does something. */
const USER_PAGES = 3;
/** What a person has over the socket with the token, and can be resumed there. */
const RESUMED = ["direct", "room", "pair", "group"];

/** Where a link that the system has mailed leads to. */
async function confirmationFor(address) {
  for (let tried = 0; tried < 100; tried += 1) {
    const mails = await (await fetch("/outbox")).json();
    const link = mails.find(({ to }) => to === address)?.text.match(/https?:\/\/\S+\/register\/[\w-]+/);
    if (link) return link[0];
    await pause(100);
  }
  throw new Error("No mail came.");
}

/** Tells of a `change` of what there is to see, of an `end` of its session, and of something `made` for all. */
export class Person extends EventTarget {
  chats = new Map();
  open = null;
  /** Users by their ids: their names, and whether they are online. */
  users = new Map();
  /** Whether the open chat is in front of somebody. */
  isSeen = () => true;
  /** What came of the last reconnection. */
  notice = "";
  #group = null;
  #isAway = false;
  #recovered = 0;
  #isRefreshing = false;
  #isStale = false;

  constructor({ id, first, name, alias, number, token }) {
    super();
    Object.assign(this, { id, first, name, alias, number, token });
    this.api = new Api(HTTP, token);
    // Document 004 takes a cookie alone, and knows nobody by an address: for conversations a person is a user of its
    // own, with a name, behind a path of the console to which the browser keeps its cookie (console/people.rs).
    const own = `/people/${number}`;
    this.cookieApi = new Api(own);
    this.link = new Link(WEBSOCKET, { token });
    const socket = new URL(own + new URL(WEBSOCKET).pathname, location.href);
    socket.protocol = "ws:";
    this.topics = new Link(socket.href, null);
    this.#add(new Chat("bot", "bot", "Bot"));
    this.link.addEventListener("frame", ({ detail }) => this.#hear(detail));
    this.topics.addEventListener("frame", ({ detail }) => this.#hearTopic(detail));
    for (const link of [this.link, this.topics]) link.addEventListener("state", () => this.#watch());
  }

  /** Makes an account as a person would, and tells each step. */
  static async make({ first, last }, tell) {
    const name = `${first} ${last}`;
    const email = `${first}.${last}.${letters()}@example.com`.toLowerCase();
    const anybody = new Api(HTTP);
    tell(`${first} registers ${email}`);
    const registration = { email, password: PASSWORD, first_name: first, last_name: last };
    await anybody.call("POST", "/register", { json: registration });
    tell(`${first} follows the link in the outbox`);
    const { user_id: id } = await new Api("").get(await confirmationFor(email));
    tell(`${first} logs in`);
    const { token } = await anybody.call("POST", "/login", { json: { email, password: PASSWORD } });
    tell(`${first} takes a name for conversations`);
    const number = crypto.getRandomValues(new Uint32Array(1))[0];
    let alias = first;
    const register = () => new Api(`/people/${number}`).call("POST", "/auth/register", { json: { username: alias } });
    while ((await register()).status !== "success") alias = `${first}.${letters()}`;
    const person = new Person({ id, first, name, alias, number, token });
    tell(`${first} opens a socket`);
    await person.start();
    return person;
  }

  /** What it takes to be this person again after the page was loaded anew. */
  get saved() {
    const { id, first, name, alias, number, token } = this;
    return { id, first, name, alias, number, token };
  }

  get isOnline() {
    return this.link.isOnline && this.topics.isOnline;
  }

  /** Opens the sockets and reads the lists. */
  async start() {
    // A session may have ended while nobody looked.
    await this.#readUsers();
    const online = new Promise((resolve) => {
      this.addEventListener("change", () => this.isOnline && resolve());
    });
    this.link.open();
    this.topics.open();
    await online;
    await this.refresh();
  }

  /** Ends the session, and the sockets with it. */
  async leave() {
    this.link.close();
    this.topics.close();
    this.dispatchEvent(new Event("end"));
    await this.api.get("/logout").catch(() => {});
  }

  drop() {
    this.notice = "";
    this.link.drop();
    this.topics.drop();
  }

  reconnect() {
    for (const link of [this.link, this.topics]) if (link.state === "waiting") link.open();
  }

  nameOf(id) {
    return id === this.id ? this.name : (this.users.get(id)?.name ?? `User ${id}`);
  }

  /** The chat with another one, which there may not be yet. */
  directTo(id) {
    return this.chats.get(`direct:${id}`) ?? this.#add(new Chat("direct", id, this.nameOf(id)));
  }

  /** Begins something that others can take part in. */
  async begin(kind, title, place) {
    const { api, cookieApi } = this;
    let id;
    if (kind === "room") {
      ({ chat_room_id: id } = await api.call("POST", "/chat_rooms", { json: { title, ...place } }));
    } else if (kind === "group") {
      ({ chat_group_id: id } = await api.call("POST", "/chat_groups", { json: { chat_group_name: title } }));
    } else {
      ({ url: id } = await cookieApi.call("POST", "/api/conversations", { json: { title } }));
    }
    const chat = this.chats.get(`${kind}:${id}`) ?? this.#add(new Chat(kind, id, title));
    this.dispatchEvent(new Event("made"));
    await this.show(chat);
  }

  /** Opens a room of two, which the first message makes. */
  async beginPair(other, text) {
    if (!this.link.isOnline) throw new Error("A private room is opened over the socket, which is away.");
    const made = new Promise((resolve) => {
      this.link.addEventListener("frame", function look({ detail }) {
        if (detail.client_id !== key) return;
        this.removeEventListener("frame", look);
        resolve(detail.chat_room_id);
      });
    });
    const key = crypto.randomUUID();
    this.link.send({ chat_type: "room", other_user_id: other, message: text, client_id: key });
    const id = await made;
    const chat = this.chats.get(`pair:${id}`) ?? this.#add(new Chat("pair", id, this.nameOf(other)));
    chat.other = other;
    await this.show(chat);
  }

  /** Opens a chat, and with that reads it. */
  async show(chat) {
    this.open = chat;
    this.#changed();
    if (!chat) return;
    await this.#try(() => this.#load(chat));
    await this.readOpen();
  }

  /** Reads what was before. */
  async loadEarlier(chat) {
    await this.#try(async () => chat.addPage(await KINDS[chat.kind].history(this, chat, true), false));
    this.#changed();
  }

  /** The person is inside a group from now on, and in no other. */
  enter(chat) {
    if (this.#group && this.#group !== chat) this.#group.present = [];
    this.#group = chat;
  }

  send(chat, text) {
    const key = crypto.randomUUID();
    const pending = { key, text, at: new Date().toISOString(), name: this.name, isOwn: true };
    chat.pending.set(key, pending);
    this.#deliver(chat, pending);
  }

  /** Sends again what was not acknowledged. It has its key, and so it is one message however often it arrives. */
  async #deliver(chat, pending) {
    const { key, text } = pending;
    pending.state = "sending";
    this.#changed();
    try {
      const stored = await KINDS[chat.kind].send(this, chat, text, key);
      if (stored) {
        chat.pending.delete(key);
        chat.add({ ...stored, text, name: this.name, isOwn: true });
        this.#fillGap(chat);
      } else if (this.link.isOnline) {
        setTimeout(() => this.#fail(chat, key, "Nobody acknowledged it."), ACKNOWLEDGED_MS);
      } else {
        pending.state = "waiting";
      }
    } catch (error) {
      this.#fail(chat, key, error.message);
    }
    this.#changed();
  }

  retry(chat, key) {
    const pending = chat.pending.get(key);
    if (pending) this.#deliver(chat, pending);
  }

  #fail(chat, key, error) {
    const pending = chat.pending.get(key);
    if (pending?.state !== "sending") return;
    Object.assign(pending, { state: "failed", error });
    this.#changed();
  }

  /** Reads the lists again, once more if something came meanwhile: then they may be older than that. */
  async refresh() {
    this.#isStale = true;
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    while (this.#isStale) {
      this.#isStale = false;
      const found = await this.#try(() => list(this));
      if (!found || this.#isStale) continue;
      for (const { kind, id, title, unread, ...more } of found) {
        const chat = this.chats.get(`${kind}:${id}`) ?? this.#add(new Chat(kind, id, title));
        Object.assign(chat, { title }, more);
        if (unread !== undefined) chat.unread = unread;
      }
    }
    this.#isRefreshing = false;
    await this.readOpen();
    this.#changed();
  }

  // ------------------------------------------------------------ from the sockets

  #hear(frame) {
    const { chat_type: kind, type } = frame;
    if (frame.error) return this.#refused(frame);
    if (kind === "group" && frame.event) return this.#passage(frame);
    if (kind === "bot") return this.#hearBot(frame);
    if (kind) return this.#hearMessage(frame);
    if (type === "user_activity" || type === "user_update") {
      const user = this.users.get(frame.user_id) ?? { name: `User ${frame.user_id}` };
      if (type === "user_activity") user.isOnline = frame.login;
      else if (frame.first_name) Object.assign(user, { name: `${frame.first_name} ${frame.last_name}`, hasAddress: true });
      this.users.set(frame.user_id, user);
      this.#changed();
    }
    if (type === "group_update") this.refresh();
  }

  #hearMessage(frame) {
    const { user_id: from, seq, message: text, timestamp: at, client_id: key } = frame;
    const chat = this.#find(frame) ?? [...this.chats.values()].find(({ pending }) => pending.has(key));
    if (!chat) return this.refresh();
    if (frame.chat_id) chat.chatId = frame.chat_id;
    this.#receive(chat, { seq, text, at, name: this.nameOf(from), isOwn: from === this.id }, key);
  }

  /** The chat that a frame is about, if it is known already. */
  #find({ chat_id: chat, chat_room_id: room, chat_group_id: group, user_id: from }) {
    if (room) return this.chats.get(`room:${room}`) ?? this.chats.get(`pair:${room}`);
    if (group) return this.chats.get(`group:${group}`);
    const known = [...this.chats.values()].find(({ kind, chatId }) => kind === "direct" && chatId === chat);
    return known ?? (from === this.id ? undefined : this.chats.get(`direct:${from}`));
  }

  #hearBot({ messages, client_id: key }) {
    const chat = this.chats.get("bot:bot");
    for (const { is_user: isOwn, message: text, timestamp: at, seq } of messages) {
      this.#receive(chat, { seq, text, at, isOwn, name: isOwn ? this.name : "Bot" }, key);
    }
  }

  #hearTopic({ type, conversation, message, url, client_id: key }) {
    const chat = this.chats.get(`conversation:${conversation}`);
    if (type === "message" && chat) this.#receive(chat, said(this, message), key);
    else if (type === "message") this.refresh();
    if (type === "delete" && chat) {
      chat.messages.delete(Number(url.split("/").pop()));
      this.#changed();
    }
  }

  #passage({ event, user_id: user, chat_group_id: id }) {
    const chat = this.chats.get(`group:${id}`);
    if (!chat) return;
    chat.present = chat.present.filter((other) => other !== user);
    if (event === "enter") chat.present.push(user);
    this.#changed();
  }

  #refused({ error, client_id: key }) {
    for (const chat of this.chats.values()) if (chat.pending.has(key)) this.#fail(chat, key, error);
  }

  #receive(chat, message, key) {
    chat.pending.delete(key);
    // Whatever list is being read just now may not have it.
    this.#isStale = true;
    if (chat.add(message)) {
      this.#recovered += 1;
      if (!message.isOwn) {
        chat.unread += 1;
        this.readOpen();
      }
      this.#fillGap(chat);
    }
    this.#changed();
  }

  /** Frames may overtake each other, and one may be lost: what is still missing after a moment is read. */
  #fillGap(chat) {
    const isWhole = () => chat.upTo >= Math.max(...chat.messages.keys());
    if (!chat.isLoaded || isWhole()) return;
    setTimeout(() => {
      if (!chat.isLoaded || isWhole()) return;
      chat.isLoaded = false;
      if (chat === this.open) this.#try(() => this.#load(chat));
    }, OVERTAKEN_MS);
  }

  // ----------------------------------------------------------------- recovery

  /** What a change of the links means. */
  #watch() {
    if (this.isOnline && this.#isAway) {
      this.#isAway = false;
      this.#recover();
    } else if (!this.isOnline && (this.link.state === "waiting" || this.topics.state === "waiting")) {
      this.#isAway = true;
    }
    this.#changed();
  }

  /** Gets what was missed, and says how that went. */
  async #recover() {
    this.notice = "Reconnected. Looking for what was missed…";
    this.#recovered = 0;
    const loaded = [...this.chats.values()].filter((chat) => chat.isLoaded && chat.chatId);
    const talks = loaded.filter(({ kind }) => RESUMED.includes(kind));
    // The system counts only those who have posted in a conversation as taking part in it.
    const topics = loaded.filter(({ kind, all }) => kind === "conversation" && all.some(({ isOwn }) => isOwn));
    const [lost, lostTopics] = await Promise.all([
      this.#resume(this.link, talks),
      this.#resume(this.topics, topics, (chat) => chat.id.split("/").pop()),
    ]);
    if (!lost || !lostTopics) return;
    const missed = [...lost, ...lostTopics];
    const others = [...this.chats.values()].filter((chat) => chat.isLoaded && !talks.includes(chat) && !topics.includes(chat));
    for (const chat of missed) chat.forget();
    for (const chat of others) chat.isLoaded = false;
    const many = this.#recovered === 1 ? "1 message" : `${this.#recovered || "No"} messages`;
    this.notice = this.#recovered ? `Reconnected: ${many} recovered.` : "Reconnected: nothing was missed.";
    if (missed.length) this.notice = `Reconnected: could not recover all of “${missed[0].title}”, so it was loaded again.`;
    await this.#try(async () => {
      // Whose last socket ends has left its group.
      const group = this.#group;
      this.#group = null;
      if (group) await this.#enterAgain(group);
      if (this.open) await this.#load(this.open);
      await this.#readUsers();
    });
    for (const chat of this.chats.values()) {
      for (const pending of chat.pending.values()) if (pending.state !== "failed") this.#deliver(chat, pending);
    }
    await this.refresh();
  }

  async #enterAgain(chat) {
    chat.addPage(await KINDS.group.history(this, chat), true);
  }

  /** Asks for what was missed in chats, and gives those that could not be recovered; nothing if the link is gone again. */
  #resume(link, chats, idOf = ({ chatId }) => chatId) {
    const asked = new Map(chats.slice(0, MOST_RESUMED).map((chat) => [String(idOf(chat)), chat]));
    if (!asked.size) return [];
    return new Promise((resolve) => {
      const end = (outcome) => {
        link.removeEventListener("frame", hear);
        link.removeEventListener("state", gone);
        clearTimeout(timer);
        resolve(outcome);
      };
      const gone = () => end(null);
      const hear = ({ detail }) => {
        if (detail.type !== "resumed") return;
        // A chat that one takes no part in has no messages to miss, and no place to go on from.
        const lost = Object.entries(detail.chats).filter(([, { recovered, seq }]) => !recovered && seq > 0);
        end(lost.map(([id]) => asked.get(id)));
      };
      const timer = setTimeout(() => end([...asked.values()]), RESUMED_MS);
      link.addEventListener("frame", hear);
      link.addEventListener("state", gone);
      link.send({ type: "resume", chats: Object.fromEntries([...asked].map(([id, { upTo }]) => [id, upTo])) });
    });
  }

  // ------------------------------------------------------------------ the rest

  #add(chat) {
    this.chats.set(chat.key, chat);
    return chat;
  }

  async #load(chat) {
    if (chat.isLoaded) {
      if (chat.kind === "group" && this.#group !== chat) await this.#enterAgain(chat);
      return;
    }
    chat.addPage(await KINDS[chat.kind].history(this, chat, false), true);
    chat.isLoaded = true;
    this.#changed();
  }

  /** What is open in front of somebody is read. */
  async readOpen() {
    const chat = this.open;
    if (!chat?.unread || !this.isSeen()) return;
    chat.unread = 0;
    this.#changed();
    await this.#try(() => KINDS[chat.kind].read(this, chat));
  }

  async #readUsers() {
    let next = "";
    for (let page = 0; page < USER_PAGES && next !== null; page += 1) {
      const body = await this.api.get(`/users?count=100${next && `&next=${next}`}`);
      for (const { user_id: id, user_name: name, first_name: first, last_name: last, online: isOnline } of body.users) {
        this.users.set(id, { name: name ?? `${first} ${last}`, isOnline, hasAddress: Boolean(first) });
      }
      next = body.next;
    }
  }

  /** Does something that may fail. A session that is over ends the person. */
  async #try(action) {
    try {
      return await action();
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) {
        this.link.close();
        this.topics.close();
        this.dispatchEvent(new Event("end"));
      } else {
        this.notice = error instanceof Refusal ? error.message : "The API does not answer.";
      }
      this.#changed();
      return null;
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
