// The client against a running stack.
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomUUID } from "node:crypto";
import { ChatError, createClient } from "serverless-chat-client";
import { Relay, next, password, person, ready, socketOf, textsOf } from "./support.js";

const limit = { timeout: 60_000 };

test("two people chat", limit, async (context) => {
  const [ann, bob] = await Promise.all([person(), person()]);
  const socket = socketOf(bob, context);
  await socket.open();
  assert.equal(socket.userId, bob.id);

  const heard = next(socket, "message");
  const { chat_id, seq } = await ann.chat.send({ receiver_id: bob.id, message: "Hello Bob", type: "text" });
  const { timestamp, ...frame } = await heard;
  assert.ok(!Number.isNaN(Date.parse(timestamp)));
  const { client_id, ...told } = frame;
  assert.ok(client_id);
  assert.deepEqual(told, { chat_type: "chat", chat_id, user_id: ann.id, message: "Hello Bob", type: "text", seq });

  const [chat] = await bob.chat.get("/chats/unread");
  assert.deepEqual([chat?.chat_id, chat?.unread_count], [chat_id, 1]);
  await bob.chat.post("/chats/read", { body: { chat_id } });
  assert.deepEqual(await bob.chat.get("/chats/unread"), []);

  const names = [];
  for await (const user of ann.chat.users()) if (user.user_id === bob.id) names.push(user.first_name);
  assert.deepEqual(names, ["Ann"]);
});

test("what was missed while the connection was cut comes afterwards, in order and once", limit, async (context) => {
  const [ann, bob] = await Promise.all([person(), person()]);
  const relay = await Relay.open(context);
  const socket = socketOf(bob, context, { url: relay.url });
  const texts = textsOf(socket);
  await socket.open();
  const say = (message: string) => ann.chat.send({ receiver_id: bob.id, message, type: "text" });
  const first = next(socket, "message");
  const { chat_id } = await say("0");
  await first;

  const lost = next(socket, "lost");
  relay.cut();
  assert.ok((await lost).error instanceof ChatError);
  for (const text of ["1", "2", "3"]) await say(text);
  const [opened, recovered] = [next(socket, "open"), next(socket, "recovered")];
  relay.mend();
  assert.deepEqual(await opened, { user_id: bob.id, again: true });
  assert.deepEqual(await recovered, { chats: { [chat_id]: { recovered: true, seq: 4 } }, messages: 3 });

  const last = next(socket, "message", ({ message }) => message === "9");
  for (const text of ["4", "5", "6", "7", "8"]) await Promise.all([say(text), say(`also ${text}`)]);
  await say("9");
  await last;
  // Those that were sent at the same time may have either order.
  const { length } = texts;
  assert.equal(new Set(texts).size, length);
  const history = await bob.chat.get("/chats/{chat_id}", { params: { path: { chat_id }, query: { count: 100 } } });
  assert.deepEqual(texts, history.map(({ message }) => message).reverse());
});

test("a socket brings what came after what is known", limit, async (context) => {
  const [ann, bob] = await Promise.all([person(), person()]);
  const send = (message: string) => ann.chat.send({ receiver_id: bob.id, message, type: "text" });
  const { chat_id } = await send("1");
  for (const text of ["2", "3"]) await send(text);

  const socket = socketOf(bob, context, { known: { [chat_id]: 1 } });
  const texts = textsOf(socket);
  const recovered = next(socket, "recovered");
  await socket.open();
  assert.deepEqual(await recovered, { chats: { [chat_id]: { recovered: true, seq: 3 } }, messages: 2 });
  assert.deepEqual(texts, ["2", "3"]);

  // What cannot be brought is said, and not silently left out.
  const ahead = socketOf(bob, context, { known: { [chat_id]: 99 } });
  const told = next(ahead, "recovered");
  await ahead.open();
  assert.deepEqual(await told, { chats: { [chat_id]: { recovered: false, seq: 3 } }, messages: 0 });
});

test("what is said over the socket comes back, also when that was cut meanwhile", limit, async (context) => {
  const [ann, bob] = await Promise.all([person(), person()]);
  const relay = await Relay.open(context);
  const socket = socketOf(ann, context, { url: relay.url });
  await socket.open();

  const said = await socket.say({ chat_type: "room", other_user_id: bob.id, message: "Hello" });
  assert.ok(said.chat_type === "room" && said.user_id === ann.id && said.seq === 1);
  const exchange = await socket.say({ chat_type: "bot", message: "Hello" });
  assert.ok(exchange.chat_type === "bot");
  assert.deepEqual(exchange.messages.map(({ is_user }) => is_user), [true, false]);

  const lost = next(socket, "lost");
  relay.cut();
  await lost;
  const room = said.chat_room_id;
  const saying = socket.say({ chat_type: "room", chat_room_id: room, message: "Still there?" });
  relay.mend();
  const again = await saying;
  assert.ok(again.chat_type === "room" && again.seq === 2);

  const refused = socket.say({ chat_type: "group", chat_group_id: room, message: "No group" });
  await assert.rejects(refused, (error) => error instanceof ChatError && error.code === "chat_not_found");
});

test("a wrong password is an error with a type", limit, async () => {
  const { email } = await person();
  const stranger = createClient({ http: ready.http });
  const login = stranger.login({ email, password: `not ${password}` });
  await assert.rejects(login, (error) => {
    assert.ok(error instanceof ChatError);
    assert.deepEqual([error.status, error.code, error.retryAfter], [401, "unauthenticated", undefined]);
    assert.equal(error.message, error.error);
    return !error.isPassing;
  });
  assert.equal(stranger.token, undefined);
});

test("where there is no answer, that is the error", limit, async () => {
  const nowhere = createClient({ http: "http://127.0.0.1:1" });
  const login = nowhere.login({ email: "ann@example.com", password });
  await assert.rejects(login, (error) => error instanceof ChatError && error.code === "unreachable" && error.status === 0);
});

test("a message whose answers get lost is sent again, and is one message", limit, async () => {
  const bob = await person();
  const answers = [
    () => Promise.reject(new TypeError("fetch failed")),
    () => new Response('{"error":"The service is busy, please try again","code":"busy"}', { status: 503 }),
    () => new Response('{"message":"Too Many Requests"}', { status: 429, headers: { "Retry-After": "1" } }),
  ];
  const keys: (string | null)[] = [];
  const ann = await person({
    // The stack stores the message each time. What it answers gets lost three times.
    async fetch(request) {
      if (!request.url.endsWith("/chats") || request.method !== "POST") return fetch(request);
      keys.push(request.headers.get("idempotency-key"));
      const answer = await fetch(request);
      if (answers.length > 0) assert.equal(answer.status, 201);
      return answers.shift()?.() ?? answer;
    },
  });
  const began = Date.now();
  const message = { receiver_id: bob.id, message: "Lunch?", type: "text" } as const;
  const { chat_id, seq } = await ann.chat.send(message);
  assert.ok(Date.now() - began >= 1000, "Retry-After is waited for");
  assert.deepEqual([seq, keys.length, new Set(keys).size], [1, 4, 1]);

  // The caller's own key: the same message again, and another one with it.
  const key = randomUUID();
  const [once, again] = [await ann.chat.send(message, { key }), await ann.chat.send(message, { key })];
  assert.deepEqual(once, again);
  const other = ann.chat.send({ ...message, message: "Dinner?" }, { key });
  await assert.rejects(other, (error) => error instanceof ChatError && error.status === 409);
  const history = await bob.chat.get("/chats/{chat_id}", { params: { path: { chat_id } } });
  assert.deepEqual(history.map(({ seq }) => seq), [2, 1]);
});

test("a message that is not taken is not sent again, nor when one is to wait too long", limit, async () => {
  let calls = 0;
  let answer = () => new Response('{"error":"No such user","code":"user_not_found"}', { status: 404 });
  const chat = createClient({ http: ready.http, fetch: async () => ((calls += 1), answer()) });
  const send = () => chat.send({ receiver_id: 1, message: "Hello", type: "text" });
  await assert.rejects(send(), (error) => error instanceof ChatError && error.code === "user_not_found");
  assert.equal(calls, 1);
  answer = () => new Response("{}", { status: 429, headers: { "Retry-After": "3600" } });
  await assert.rejects(send(), (error) => error instanceof ChatError && error.retryAfter === 3600);
  assert.equal(calls, 2);
});

test("a message to a room is sent once, too", limit, async () => {
  const [ann, bob] = await Promise.all([person(), person()]);
  const place = { latitude: 10.5, longitude: -20.25 };
  const { chat_room_id } = await ann.chat.post("/chat_rooms", { body: { title: "Café", ...place } });
  const key = randomUUID();
  const send = () => bob.chat.sendToRoom(chat_room_id, { message: "A table for two?", type: "text" }, { key });
  assert.deepEqual(await send(), await send());
  const room = await ann.chat.get("/chat_rooms/{chat_room_id}", { params: { path: { chat_room_id } } });
  assert.deepEqual(room.messages.map(({ message }) => message), ["A table for two?"]);
});

test("a socket ends with its login, and does not open without one", limit, async (context) => {
  const ann = await person();
  const socket = socketOf(ann, context);
  await socket.open();
  const closed = next(socket, "closed");
  const late = socketOf(ann, context);
  await ann.chat.logout();
  assert.equal(ann.chat.token, undefined);
  // It is closed, opened again, and told that there is nothing to be opened any more.
  assert.equal((await closed).error?.code, "unauthenticated");
  await assert.rejects(late.open(), (error) => error instanceof ChatError && error.code === "unauthenticated");
  await assert.rejects(socket.say({ chat_type: "bot", message: "Hello" }), ChatError);
});
