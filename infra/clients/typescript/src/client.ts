import createFetchClient, { type FetchResponse, type MaybeOptionalInit } from "openapi-fetch";
import { ChatError } from "./error.js";
import type { components, paths } from "./generated/http.js";
import { backoff, pause } from "./pause.js";

type Schemas = components["schemas"];
type Method = "get" | "post" | "put" | "delete";

/** The surfaces with credentials of their own, which a login token is not good for: cookies, platforms, their users. */
type Elsewhere =
  | `/api/${string}`
  | `/auth/${string}`
  | `/backend/${string}`
  | "/chats/{chat_id}/users"
  | "/messages"
  | "/publicKey"
  | "/token";

/** The operations that a login token is good for, and those that lead to one. */
export type ChatPaths = Omit<paths, Elsewhere>;

type Path<M extends Method> = {
  [P in keyof ChatPaths]: ChatPaths[P] extends { [K in M]: object } ? P : never;
}[keyof ChatPaths];

type Init<P extends keyof ChatPaths, M extends Method> =
  MaybeOptionalInit<ChatPaths[P], M & keyof ChatPaths[P]>;

type Arguments<I> = undefined extends I ? [init?: I] : [init: I];

/** What an operation answers if it does what was asked. */
export type Answer<P extends keyof ChatPaths, M extends Method> =
  ChatPaths[P] extends { [K in M]: infer Operation extends Record<string | number, unknown> }
    ? OrVoid<NonNullable<FetchResponse<Operation, object, "application/json">["data"]>>
    : never;

type OrVoid<T> = [T] extends [never] ? void : T;

/** How a client is made. */
export interface ClientOptions {
  /** The root of the HTTP API. */
  http: string;
  /** A token of an earlier login. */
  token?: string;
  /** Another `fetch` than the global one. */
  fetch?: (request: Request) => Promise<Response>;
  /** How long an answer may take, in milliseconds. API Gateway gives up after 30 seconds. */
  timeout?: number;
}

/** How a message is sent. */
export interface SendOptions {
  /** The sender's own id for the message: the same one again is the same message. A new one if it is left out. */
  key?: string;
  /** How often it is tried, if there is no answer, or one that says to try again. */
  tries?: number;
  /** The longest time that is waited for the next try, in milliseconds. */
  patience?: number;
  /** Gives up. */
  signal?: AbortSignal;
}

/** The chat over HTTP. Every method fails with a {@link ChatError}. */
export class ChatClient {
  /** The token of the present login, if there is one. */
  token: string | undefined;

  readonly #fetch;

  constructor({ http, token, fetch = globalThis.fetch, timeout = 35_000 }: ClientOptions) {
    this.token = token;
    this.#fetch = createFetchClient<ChatPaths>({
      baseUrl: http.replace(/\/+$/, ""),
      fetch: async (request) => {
        if (this.token !== undefined) request.headers.set("authentication", this.token);
        const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeout)]);
        let response;
        try {
          response = await fetch(new Request(request, { signal }));
        } catch (cause) {
          // Whoever gave up knows why.
          request.signal.throwIfAborted();
          throw ChatError.unreachable(cause);
        }
        if (!response.ok) throw await ChatError.of(response);
        return response;
      },
    });
  }

  /** `GET` of any path of the document. */
  get<P extends Path<"get">>(path: P, ...init: Arguments<Init<P, "get">>): Promise<Answer<P, "get">> {
    return this.#call("get", path, init[0]);
  }

  /** `POST` of any path of the document. It is not repeated: {@link send} is. */
  post<P extends Path<"post">>(path: P, ...init: Arguments<Init<P, "post">>): Promise<Answer<P, "post">> {
    return this.#call("post", path, init[0]);
  }

  /** `PUT` of any path of the document. */
  put<P extends Path<"put">>(path: P, ...init: Arguments<Init<P, "put">>): Promise<Answer<P, "put">> {
    return this.#call("put", path, init[0]);
  }

  /** `DELETE` of any path of the document. */
  delete<P extends Path<"delete">>(path: P, ...init: Arguments<Init<P, "delete">>): Promise<Answer<P, "delete">> {
    return this.#call("delete", path, init[0]);
  }

  /** Asks for an account. The address gets a mail with a link. */
  async register(registration: Schemas["Registration"]): Promise<void> {
    await this.post("/register", { body: registration });
  }

  /** Follows the link of that mail, given whole or as the token at its end. */
  async confirm(link: string): Promise<Schemas["NewUser"]> {
    const token = link.slice(link.lastIndexOf("/") + 1);
    return this.get("/register/{token}", { params: { path: { token } } });
  }

  /** Logs in. The token is used from now on. */
  async login(credentials: Schemas["Credentials"]): Promise<string> {
    const { token } = await this.post("/login", { body: credentials });
    this.token = token;
    return token;
  }

  /** Ends the login, and its sockets. */
  async logout(): Promise<void> {
    await this.get("/logout");
    this.token = undefined;
  }

  /** Everybody, page by page. */
  async *users(): AsyncGenerator<Schemas["User"], void> {
    let next: number | null | undefined;
    do {
      const query = next == null ? { count: 100 } : { count: 100, next };
      const page = await this.get("/users", { params: { query } });
      yield* page.users;
      next = page.next;
    } while (next != null);
  }

  /** Sends a message to a user, once, however often it takes. */
  send(message: Schemas["NewMessage"], options?: SendOptions): Promise<Schemas["ChatRef"]> {
    return repeated(options, (header, signal) =>
      this.post("/chats", { params: { header }, body: message, signal }));
  }

  /** Sends a message to a room, once, however often it takes. */
  sendToRoom(
    room: Schemas["ChatId"],
    message: Schemas["NewRoomMessage"],
    options?: SendOptions,
  ): Promise<Schemas["Posted"]> {
    const path = { chat_room_id: room };
    return repeated(options, (header, signal) =>
      this.post("/chat_rooms/{chat_room_id}/message", { params: { header, path }, body: message, signal }));
  }

  async #call<T>(method: Method, path: string, init: unknown): Promise<T> {
    // The types are those of the methods above. What is not a success was thrown by then.
    const call = this.#fetch[method.toUpperCase() as "GET"] as
      (path: string, init: unknown) => Promise<{ data: T }>;
    const { data } = await call(path, init);
    return data;
  }
}

/** A client of the HTTP API. */
export function createClient(options: ClientOptions): ChatClient {
  return new ChatClient(options);
}

/** Does something again, with the same idempotency key, as long as that may help. */
async function repeated<T>(
  { key = crypto.randomUUID(), tries = 6, patience = 30_000, signal }: SendOptions = {},
  send: (header: { "Idempotency-Key": string }, signal: AbortSignal | null) => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await send({ "Idempotency-Key": key }, signal ?? null);
    } catch (error) {
      if (!(error instanceof ChatError) || !error.isPassing || failures + 1 >= tries) throw error;
      const wait = error.retryAfter === undefined ? backoff(failures, 200, 10_000) : error.retryAfter * 1000;
      if (wait > patience) throw error;
      await pause(wait, signal);
    }
  }
}
