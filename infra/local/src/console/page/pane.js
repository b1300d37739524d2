// What is shown of a person: its state, its chats, and the one that is open.

import { KINDS, PLACE } from "./chats.js";
import { clock, element, icon, reconcile, say } from "./dom.js";
import { title as suggest } from "./names.js";

const SECTIONS = [
  { name: "Direct", kinds: ["direct"], adds: "Write to somebody" },
  { name: "Rooms", kinds: ["room", "pair"], adds: "New room" },
  { name: "Groups", kinds: ["group"], adds: "New group" },
  { name: "Bot", kinds: ["bot"] },
  { name: "Conversations", kinds: ["conversation"], adds: "New conversation" },
];

const STATES = { connecting: "Connecting…", online: "Online", closed: "Logged out" };

/** So far from its end a list of messages still counts as being there. */
const NEAR_END_PX = 80;

const initials = (name) => name.split(" ").map((word) => word[0]).join("").slice(0, 2);

/** The pane of a person, which others may be written to by. */
export class Pane {
  #person;
  #shownKey = null;
  /** Whether the newest messages are in sight, and to be kept there. */
  isAtEnd = true;
  #isDrawing = false;
  #sections = [];

  constructor(person, tone) {
    this.#person = person;
    const first = person.first;
    this.state = element("p", { className: "state" });
    this.drop = element("button", { type: "button", className: "quiet", onclick: () => this.#toggle() }, "Drop connection");
    const leave = element("button", {
      type: "button", className: "quiet small", title: `Log ${first} out`, "aria-label": `Log ${first} out`, onclick: () => person.leave(),
    }, icon("close"));
    this.notice = element("p", { className: "notice", role: "status" });
    this.list = element("nav", { className: "chats", "aria-label": `Chats of ${first}` }, ...SECTIONS.map((section) => this.#section(section)));
    this.thread = this.#thread();
    this.body = element("div", { className: "body" }, this.list, this.thread);
    this.node = element("article", { className: "pane", data: { tone, person: first }, "aria-label": person.name },
      element("header", {},
        element("span", { className: "face", "aria-hidden": "true" }, initials(person.name)),
        element("div", { className: "who" }, element("h2", {}, person.name), this.state),
        this.drop, leave),
      this.notice,
      this.body);
    person.isSeen = () => !document.hidden && this.scroller.checkVisibility();
    // It is seen, or not any more, as the window is, and as there is room for it.
    document.addEventListener("visibilitychange", () => person.readOpen());
    new ResizeObserver(() => {
      if (this.isAtEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
      person.readOpen();
    }).observe(this.thread);
    person.addEventListener("change", () => this.draw());
    this.draw();
  }

  /** Draws what has changed, once for all that changes until the screen is drawn. */
  draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    // Not by the screen's beat: that stands still where nobody looks, and the title counts on.
    setTimeout(() => {
      this.#isDrawing = false;
      this.#draw();
    });
  }

  #draw() {
    const person = this.#person;
    const { link, topics } = person;
    const worse = link.isOnline ? topics : link;
    const state = worse.state === "waiting" ? `Offline. Next try in ${worse.left} s` : STATES[worse.state];
    say(this.state, state);
    this.node.dataset.state = worse.state;
    say(this.drop, worse.state === "waiting" ? "Reconnect now" : "Drop connection");
    this.drop.disabled = worse.state === "connecting" || worse.state === "closed";
    say(this.notice, person.notice);
    this.notice.hidden = !person.notice;
    for (const section of this.#sections) section.draw();
    this.#drawThread();
  }

  #toggle() {
    if (this.#person.link.state === "waiting" || this.#person.topics.state === "waiting") this.#person.reconnect();
    else this.#person.drop();
  }

  // -------------------------------------------------------------------- the list

  #section({ name, kinds, adds }) {
    const chats = element("ul", {});
    const section = element("section", { "aria-label": name }, element("h3", {}, name), chats);
    if (adds) {
      const form = name === "Direct" ? this.#writeForm() : this.#titleForm(kinds[0]);
      form.hidden = true;
      const add = element("button", {
        type: "button", className: "quiet small add", title: adds, "aria-label": adds, "aria-expanded": "false",
        onclick: () => {
          form.hidden = !form.hidden;
          add.setAttribute("aria-expanded", String(!form.hidden));
          if (!form.hidden) form.begin();
        },
      }, icon("plus"));
      form.end = () => {
        form.hidden = true;
        add.setAttribute("aria-expanded", "false");
      };
      form.addEventListener("keydown", ({ key }) => {
        if (key !== "Escape") return;
        form.end();
        add.focus();
      });
      section.firstChild.append(add);
      section.insertBefore(form, chats);
    }
    const draw = () => {
      const mine = [...this.#person.chats.values()].filter(({ kind }) => kinds.includes(kind));
      reconcile(chats, mine, ({ key }) => key, (chat) => this.#item(chat), (item, chat) => this.#drawItem(item, chat));
      section.classList.toggle("empty", !mine.length);
    };
    this.#sections.push({ draw });
    return section;
  }

  #item(chat) {
    const face = chat.kind === "direct" ? initials(chat.title) : icon(chat.kind);
    const button = element("button", { type: "button", className: "chat", data: { kind: chat.kind }, onclick: () => this.#open(chat) },
      element("span", { className: "face", "aria-hidden": "true" }, face),
      element("span", { className: "what" }, element("b", {}), element("small", {})),
      element("span", { className: "unseen presence" }),
      element("span", { className: "badge", title: "unread" }));
    return element("li", {}, button);
  }

  #drawItem(item, chat) {
    const button = item.firstChild;
    say(button.querySelector("b"), chat.title);
    say(button.querySelector("small"), chat.last ?? "");
    const isOnline = chat.kind === "direct" && this.#person.users.get(chat.id)?.isOnline;
    button.classList.toggle("online", Boolean(isOnline));
    say(button.querySelector(".presence"), isOnline ? ", online" : "");
    const badge = button.querySelector(".badge");
    say(badge, chat.unread ? String(chat.unread) : "");
    badge.hidden = !chat.unread;
    if (this.#person.open === chat) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }

  #writeForm() {
    const select = element("select", { required: true });
    const form = element("form", { className: "begin" },
      element("label", {}, element("span", { className: "unseen" }, "Whom"), select),
      element("button", {}, "Chat"),
      element("button", { type: "button", className: "quiet", onclick: () => begin(true) }, "Private room"));
    const begin = async (isPrivate) => {
      const id = Number(select.value);
      if (!id) return;
      form.end();
      if (isPrivate) await this.#safely(() => this.#person.beginPair(id, "Just the two of us."));
      else await this.#person.show(this.#person.directTo(id));
      this.#show("thread");
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      begin(false);
    };
    form.begin = () => {
      const others = [...this.#person.users].filter(([id, { hasAddress }]) => hasAddress && id !== this.#person.id);
      // The newest first: they are who one has just made.
      others.sort(([one], [other]) => other - one);
      select.replaceChildren(...others.map(([id, { name }]) => element("option", { value: id }, name)));
      select.focus();
    };
    return form;
  }

  #titleForm(kind) {
    const input = element("input", { required: true, maxLength: 100, autocomplete: "off" });
    const form = element("form", { className: "begin" },
      element("label", {}, element("span", { className: "unseen" }, "Title"), input),
      element("button", {}, "Begin"));
    form.onsubmit = async (event) => {
      event.preventDefault();
      form.end();
      await this.#safely(() => this.#person.begin(kind, input.value.trim(), PLACE));
      this.#show("thread");
    };
    form.begin = () => {
      input.value = suggest(kind);
      input.select();
    };
    return form;
  }

  async #safely(action) {
    try {
      await action();
    } catch (error) {
      this.#person.notice = error.message;
      this.draw();
    }
  }

  #open(chat) {
    this.#person.notice = "";
    this.#person.show(chat);
    this.#show("thread");
    this.text.focus({ preventScroll: true });
  }

  /** Where there is room for one of the two: the list or the chat. */
  #show(what) {
    this.body.dataset.shown = what;
  }

  // -------------------------------------------------------------------- the chat

  #thread() {
    const back = element("button", { type: "button", className: "quiet small back", "aria-label": "All chats", onclick: () => {
      this.#show("list");
      this.list.querySelector("[aria-current] , button.chat")?.focus();
    } }, icon("back"));
    this.title = element("h3", {});
    this.label = element("p", { className: "label" });
    this.earlier = element("button", { type: "button", className: "quiet earlier", onclick: () => this.#loadEarlier() }, "Earlier messages");
    this.messages = element("ol", { className: "messages", role: "log", "aria-label": "Messages" });
    this.scroller = element("div", { className: "scroller", tabIndex: 0 }, this.earlier, this.messages);
    this.scroller.onscroll = () => {
      const { scrollHeight, scrollTop, clientHeight } = this.scroller;
      this.isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    };
    this.empty = element("p", { className: "hint" });
    this.text = element("textarea", { rows: 1, placeholder: "Write a message", "aria-label": "Message", maxLength: 16_384 });
    this.composer = element("form", { className: "composer" }, this.text, element("button", {}, "Send"));
    this.composer.onsubmit = (event) => {
      event.preventDefault();
      this.#send();
    };
    this.text.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    };
    return element("section", { className: "thread", "aria-label": `Chat of ${this.#person.first}` },
      element("header", {}, back, element("div", {}, this.title, this.label)),
      this.empty, this.scroller, this.composer);
  }

  #send() {
    const text = this.text.value.trim();
    if (!text || !this.#person.open) return;
    this.#person.send(this.#person.open, text);
    this.text.value = "";
    this.#toEnd();
  }

  async #loadEarlier() {
    const { scroller } = this;
    const fromEnd = scroller.scrollHeight - scroller.scrollTop;
    await this.#person.loadEarlier(this.#person.open);
    this.#drawThread();
    scroller.scrollTop = scroller.scrollHeight - fromEnd;
  }

  #toEnd() {
    this.#drawThread();
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #drawThread() {
    const chat = this.#person.open;
    this.thread.classList.toggle("none", !chat);
    this.composer.hidden = !chat;
    if (!chat) {
      say(this.title, "");
      say(this.label, "");
      say(this.empty, "Choose a chat, or begin one with +.");
      this.empty.hidden = false;
      this.scroller.hidden = true;
      return;
    }
    say(this.title, chat.title);
    say(this.label, this.#describe(chat));
    this.scroller.hidden = false;
    this.earlier.hidden = !chat.hasMore;
    const all = chat.all;
    this.empty.hidden = all.length > 0 || !chat.isLoaded;
    say(this.empty, "Nothing has been written here yet.");
    const { scroller } = this;
    const isOther = this.#shownKey !== chat.key;
    const isAtEnd = isOther || this.isAtEnd;
    if (isOther) this.messages.replaceChildren();
    this.#shownKey = chat.key;
    let before = null;
    const isAmongMany = ["room", "group", "conversation"].includes(chat.kind);
    const rows = all.map((message) => {
      const shows = isAmongMany && !message.isOwn && before?.name !== message.name;
      before = message;
      return { message, shows };
    });
    reconcile(this.messages, rows, ({ message }) => message.seq ?? message.key, (row) => this.#message(chat, row), drawMessage);
    if (isAtEnd) scroller.scrollTop = scroller.scrollHeight;
  }

  #describe(chat) {
    const { label } = KINDS[chat.kind];
    if (chat.kind === "direct") return this.#person.users.get(chat.id)?.isOnline ? `${label} · online` : label;
    if (chat.kind === "group" && chat.present.length) {
      return `${label} · here: ${chat.present.map((id) => this.#person.nameOf(id).split(" ")[0]).join(", ")}`;
    }
    if (chat.kind === "room" && !chat.takesPart) return `${label} · write to take part`;
    if (chat.kind === "conversation") return `${label} · as ${this.#person.alias}`;
    return label;
  }

  #message(chat, { message }) {
    const item = element("li", { className: message.isOwn ? "own" : "" },
      element("span", { className: "author" }),
      element("p", {}, message.text),
      element("time", { dateTime: message.at }, clock(message.at)),
      element("span", { className: "fate" }));
    if (!message.seq) {
      const again = element("button", { type: "button", className: "quiet", onclick: () => this.#person.retry(chat, message.key) }, "Send again");
      item.append(again);
    }
    return item;
  }
}

/** Draws what can change of a message: whose it is shown to be, and what became of it on its way. */
function drawMessage(item, { message, shows }) {
  const author = item.querySelector(".author");
  say(author, message.name);
  author.classList.toggle("unseen", !shows);
  const fate = { sending: "sending…", waiting: "waits for the connection", failed: `not sent: ${message.error}` };
  say(item.querySelector(".fate"), fate[message.state] ?? "");
  item.dataset.state = message.state ?? "stored";
  const again = item.querySelector("button");
  if (again) again.hidden = message.state !== "failed";
}
