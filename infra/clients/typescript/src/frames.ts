import type { components } from "./generated/http.js";

type Schemas = components["schemas"];
type UserId = Schemas["UserId"];
type ChatId = Schemas["ChatId"];

interface Message {
  user_id: UserId;
  message: string;
  type: string;
  timestamp: string;
  /** The place in the chat, from 1. */
  seq: number;
  client_id?: string;
}

/** A message of a direct chat, a room or a group. */
export type MessageFrame =
  | (Message & { chat_type: "chat"; chat_id: ChatId })
  | (Message & { chat_type: "room"; chat_room_id: ChatId })
  | (Message & { chat_type: "group"; chat_group_id: ChatId });

/** A question to the bot, and its answer. */
export interface BotFrame {
  chat_type: "bot";
  messages: Schemas["BotMessage"][];
  client_id?: string;
}

/** Somebody entered a group or left it. */
export interface GroupEventFrame {
  chat_type: "group";
  event: "enter" | "leave";
  user_id: UserId;
  chat_group_id: ChatId;
  timestamp: string;
}

/** A user's first socket opened, or the last one closed. */
export interface ActivityFrame {
  type: "user_activity";
  user_id: UserId;
  login: boolean;
}

/** A user is new or has changed. */
export interface UserFrame {
  type: "user_update";
  user_id: UserId;
  first_name: string | null;
  last_name: string | null;
}

/** A group is new or has another name. */
export interface GroupFrame {
  type: "group_update";
  chat_group_id: ChatId;
  chat_group_name: string;
  owner_id: UserId;
}

/** A message of a chat of the form-and-cookie API. */
export interface WebMessageFrame {
  type: "chat_message";
  chat_id: ChatId;
  id: number;
  sender_id: UserId;
  content: string;
  time: string;
  seq: number;
  client_id?: string;
}

/** What became of a chat that was asked for. */
export interface Recovery {
  /** Whether everything missed was sent. */
  recovered: boolean;
  /** The chat's newest position; 0 for a chat that the user does not take part in. */
  seq: number;
}

/** The end of what a `resume` brings. */
export interface ResumedFrame {
  type: "resumed";
  chats: Record<string, Recovery>;
}

/** The answer to the first frame. */
export interface ReadyFrame {
  type: "ready";
  user_id: UserId;
}

/** The answer to a ping. */
export interface PongFrame {
  type: "pong";
}

/** The answer to a frame that was refused. */
export interface RefusalFrame {
  error: string;
  code: string;
  retry_after?: number;
  client_id?: string;
}

/** A frame to the client. */
export type ServerFrame =
  | MessageFrame
  | BotFrame
  | GroupEventFrame
  | ActivityFrame
  | UserFrame
  | GroupFrame
  | WebMessageFrame
  | ResumedFrame
  | ReadyFrame
  | PongFrame
  | RefusalFrame;

/** A message from the client that comes back to it: to a room, by the other one or by its id, to a group, or to the bot. */
export type Saying =
  | { chat_type: "room"; message: string; type?: Schemas["NewRoomMessage"]["type"]; client_id?: string } & (
      | { other_user_id: UserId; chat_room_id?: never }
      | { chat_room_id: ChatId; other_user_id?: never }
    )
  | { chat_type: "group"; chat_group_id: ChatId; message: string; type?: string; client_id?: string }
  | { chat_type: "bot"; message: string; client_id?: string };

/** A frame from the client. */
export type ClientFrame =
  | Saying
  | { token: string }
  | { type: "ping" }
  | { type: "resume"; chats: Record<string, number> }
  | { chat_type: "group"; chat_group_id: ChatId; event: "leave" };
