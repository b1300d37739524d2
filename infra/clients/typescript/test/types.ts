// What must not compile: each of the lines after a directive is an error, or the directive is one.
import type { ChatClient, ChatSocket, ServerFrame } from "serverless-chat-client";

export async function wrong(chat: ChatClient, socket: ChatSocket, frame: ServerFrame): Promise<void> {
  // @ts-expect-error a number
  await chat.send({ receiver_id: "1", message: "Hello", type: "text" });
  // @ts-expect-error not among the types
  await chat.send({ receiver_id: 1, message: "Hello", type: "song" });
  // @ts-expect-error the text is missing
  await chat.send({ receiver_id: 1, type: "text" });
  // @ts-expect-error there is no such field
  await chat.send({ receiver_id: 1, message: "Hello", type: "text", to: 2 });
  // @ts-expect-error there is no such path
  await chat.get("/chat");
  // @ts-expect-error the path has no such method
  await chat.put("/chats", { body: {} });
  // @ts-expect-error the path's parameter is missing
  await chat.get("/chats/{chat_id}");
  // @ts-expect-error it needs cookies
  await chat.get("/api/chats");
  const [row] = await chat.get("/chats");
  // @ts-expect-error there is no such field in the answer
  row?.unread;
  // @ts-expect-error there is no such event
  socket.on("messages", () => {});
  // @ts-expect-error neither a room nor a user
  await socket.say({ chat_type: "room", message: "Hello" });
  // @ts-expect-error the group is missing
  await socket.say({ chat_type: "group", message: "Hello" });
  // @ts-expect-error not every frame has it
  frame.seq;
}
