import type { ClientFrame, ServerFrame } from "./generated/frames.js";

export type { ClientFrame, ServerFrame };

/** A message of a direct chat, a room or a group. */
export type MessageFrame = Extract<ServerFrame, { chat_type: "chat" | "room" | "group"; seq: number }>;

/** A question to the bot, and its answer. */
export type BotFrame = Extract<ServerFrame, { chat_type: "bot" }>;

/** The answer to the first frame. */
export type ReadyFrame = Extract<ServerFrame, { type: "ready" }>;

/** The end of what a `resume` brings. */
export type ResumedFrame = Extract<ServerFrame, { type: "resumed" }>;

/** What became of a chat that was asked for. */
export type Recovery = ResumedFrame["chats"][string];

/** The answer to a frame that was refused. */
export type RefusalFrame = Extract<ServerFrame, { error: string }>;

/** A message to a user, a room, a group or the bot. */
export type Saying = Extract<ClientFrame, { chat_type: string; message: string }>;
