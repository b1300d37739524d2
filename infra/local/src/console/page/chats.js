// The kinds of chats: how each is listed, read, written to and marked as read, in the words of its document.

const PAGE = 30;
/** Conversations are read from their end alone: this many of the newest, and then at most so many. */
const CONVERSATION_PAGE = 30;
const CONVERSATION_MOST = 100;
/** Where the console is: rooms have a place. */
export const PLACE = { latitude: 48.2103, longitude: 16.3655 };
const RADIUS_M = 5000;

/** Something that people write to, as one person sees it. */
export class Chat {
  /** Messages by their `seq`, and those on their way by their idempotency key. */
  messages = new Map();
  pending = new Map();
  unread = 0;
  isLoaded = false;
  /** Whether there is more before what is here, and where that begins. */
  hasMore = false;
  next = null;
  /** Up to here nothing is missing. */
  upTo = 0;
  /** The last message, as far as that is known. */
  last = "";
  /** Who is in a group. */
  present = [];
  /** Whether its messages come live: whoever has never written to a room takes no part in it. */
  takesPart = true;

  constructor(kind, id, title) {
    this.kind = kind;
    this.id = id;
    this.key = `${kind}:${id}`;
    this.title = title;
    /** What the API calls it; a direct chat has no id before the first message. */
    this.chatId = kind === "direct" || kind === "bot" ? null : id;
  }

  /** All messages in their order, those on their way last. */
  get all() {
    const stored = [...this.messages.values()].sort((one, other) => one.seq - other.seq);
    return [...stored, ...this.pending.values()];
  }

  /** Takes what was stored; false if it was here before. */
  add(message) {
    if (this.messages.has(message.seq)) return false;
    this.messages.set(message.seq, message);
    while (this.messages.has(this.upTo + 1)) this.upTo += 1;
    if (message.seq >= Math.max(...this.messages.keys())) this.last = message.text;
    return true;
  }

  /** Takes a page of what was stored. Nothing is missing up to the newest of the newest page. */
  addPage(messages, isNewest) {
    for (const message of messages) this.add(message);
    if (isNewest) this.upTo = Math.max(this.upTo, 0, ...messages.map(({ seq }) => seq));
    while (this.messages.has(this.upTo + 1)) this.upTo += 1;
  }

  /** Forgets what was read of it, to read it again. */
  forget() {
    this.messages.clear();
    this.upTo = 0;
    this.isLoaded = false;
  }
}

const row = (person, { seq, user_id: from, user_name: name, message: text, timestamp: at }) => ({
  seq, text, at, name: name || person.nameOf(from), isOwn: from === person.id,
});

/** A page of a room or a group: newest first, and `next` where it goes on. */
function rows(person, chat, body) {
  chat.hasMore = body.next !== null;
  chat.next = body.next;
  return body.messages.map((message) => row(person, message));
}

const onwards = (chat, earlier) => (earlier && chat.next ? `?next=${encodeURIComponent(chat.next)}` : "");

/** Sends over the socket, which acknowledges with the message itself. Without a connection it waits for one. */
function overSocket(person, frame) {
  person.link.send(frame);
  return null;
}

const room = {
  label: "Room with a place",
  async history(person, chat, earlier) {
    return rows(person, chat, await person.api.get(`/chat_rooms/${chat.id}${onwards(chat, earlier)}`));
  },
  async send(person, chat, text, key) {
    const path = `/chat_rooms/${chat.id}/message`;
    const { seq, message_timestamp: at } = await person.api.call("POST", path, { json: { message: text, type: "text" }, key });
    chat.takesPart = true;
    return { seq, at };
  },
  read: (person, chat) => person.api.call("POST", `/chat_rooms/${chat.id}/read`),
};

export const KINDS = {
  direct: {
    label: "Direct chat",
    /** Newest first; the place is counted from the newest, the first being 1. */
    async history(person, chat, earlier) {
      if (!chat.chatId) return [];
      const offset = earlier ? chat.messages.size + 1 : 1;
      const page = await person.api.get(`/chats/${chat.chatId}?count=${PAGE}&offset=${offset}`);
      chat.hasMore = page.length === PAGE;
      return page.map((message) => ({
        seq: message.seq,
        text: message.message,
        at: message.message_timestamp,
        name: message.message_sender_name,
        isOwn: message.message_sender_id === person.id,
      }));
    },
    async send(person, chat, text, key) {
      const json = { receiver_id: chat.id, message: text, type: "text" };
      const { chat_id: id, seq, message_timestamp: at } = await person.api.call("POST", "/chats", { json, key });
      chat.chatId = id;
      return { seq, at };
    },
    read: (person, chat) => chat.chatId && person.api.call("POST", "/chats/read", { json: { chat_id: chat.chatId } }),
  },
  room,
  pair: {
    ...room,
    label: "Private room of two",
    send: (person, chat, text, key) =>
      overSocket(person, { chat_type: "room", chat_room_id: chat.id, message: text, client_id: key }),
  },
  group: {
    label: "Group",
    /** Reading it is entering it: from then on its messages come over the socket. */
    async history(person, chat, earlier) {
      const body = await person.api.get(`/chat_groups/${chat.id}${onwards(chat, earlier)}`);
      chat.present = body.present;
      person.enter(chat);
      return rows(person, chat, body);
    },
    send: (person, chat, text, key) =>
      overSocket(person, { chat_type: "group", chat_group_id: chat.id, message: text, client_id: key }),
    read: (person, chat) => person.api.call("PUT", "/notifications", { json: { chat_group_id: chat.id } }),
  },
  bot: {
    label: "The bot answers everything",
    async history(person, chat, earlier) {
      const body = await person.api.get(`/chat_bot${onwards(chat, earlier)}`);
      chat.hasMore = body.next !== null;
      chat.next = body.next;
      return body.messages.map(({ seq, message: text, timestamp: at, is_user: isOwn }) => ({ seq, text, at, isOwn, name: "Bot" }));
    },
    send: (person, chat, text, key) => overSocket(person, { chat_type: "bot", message: text, client_id: key }),
    read: () => null,
  },
  conversation: {
    label: "Conversation, open to all",
    async history(person, chat, earlier) {
      const count = earlier ? CONVERSATION_MOST : CONVERSATION_PAGE;
      const { messages } = await person.cookieApi.get(`${chat.id}?N=${count}`);
      chat.hasMore = messages.length === CONVERSATION_PAGE && !earlier;
      return messages.map((message) => said(person, message));
    },
    async send(person, chat, text, key) {
      const { url } = await person.cookieApi.call("POST", chat.id, { json: { text }, key });
      return { seq: Number(url.split("/").pop()), at: new Date().toISOString() };
    },
    // The document counts nothing that is unread: the page counts what comes while the chat is closed.
    read: () => null,
  },
};

/** A message of a conversation. */
export const said = (person, { seq, text, timestamp: at, user: name }) => ({ seq, text, at, name, isOwn: name === person.alias });

/** What a person has, and could take part in: every kind's lists. */
export async function list(person) {
  const { api, cookieApi } = person;
  const near = `/chat_rooms/nearby?latitude=${PLACE.latitude}&longitude=${PLACE.longitude}&radius_m=${RADIUS_M}&count=30`;
  const [chats, rooms, nearby, groups, conversations] = await Promise.all([
    api.get("/chats?count=100"),
    api.get("/chat_rooms?count=100"),
    api.get(near),
    api.get("/chat_groups?count=100"),
    cookieApi.get("/api/conversations?count=50"),
  ]);
  const found = [];
  for (const chat of chats) {
    found.push({ kind: "direct", id: chat.with_user_id, title: chat.with_user_name, chatId: chat.chat_id, last: chat.last_message, unread: chat.unread_count });
  }
  for (const room of rooms) {
    const other = room.other_user_id;
    const kind = other ? "pair" : "room";
    const title = other ? person.nameOf(other) : room.title;
    found.push({ kind, id: room.chat_room_id, title, other, takesPart: true, last: room.last_message ?? "", unread: room.unread_count });
  }
  const taken = new Set(rooms.map((room) => room.chat_room_id));
  for (const room of nearby.filter((room) => !taken.has(room.chat_room_id))) {
    found.push({ kind: "room", id: room.chat_room_id, title: room.title, takesPart: false, unread: 0 });
  }
  for (const group of groups.chat_groups) {
    found.push({ kind: "group", id: group.chat_group_id, title: group.chat_group_name, unread: group.unread_count });
  }
  for (const { url, title } of conversations.conversations) found.push({ kind: "conversation", id: url, title });
  return found;
}
