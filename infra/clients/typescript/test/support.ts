// A running stack, people on it, and a way to it that can be cut.
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import {
  ChatClient,
  ChatSocket,
  createClient,
  type ClientOptions,
  type SocketEvents,
  type SocketOptions,
} from "serverless-chat-client";

const line = process.env["TEST_READY"];
assert.ok(line, "Start the local stack, and give its ready line in TEST_READY.");

/** Where everything answers. */
export const ready: { http: string; websocket: string; console: string } = JSON.parse(line);

export const password = "correct horse battery";

/** Somebody with an account who is logged in. */
export interface Person {
  id: number;
  email: string;
  chat: ChatClient;
}

/** The whole way to an account: the link is in the stack's outbox. */
export async function person(options: Partial<ClientOptions> = {}): Promise<Person> {
  const chat = createClient({ http: ready.http, ...options });
  const email = `${randomUUID()}@example.com`;
  await chat.register({ email, password, first_name: "Ann", last_name: "Lee" });
  const outbox = await fetch(`${ready.console}/outbox`);
  const mails = (await outbox.json()) as { to: string; text: string }[];
  const link = mails.find(({ to }) => to === email)?.text.match(/http\S+\/register\/\S+/)?.[0];
  assert.ok(link, "a link in the mail");
  const { user_id: id } = await chat.confirm(link);
  await chat.login({ email, password });
  return { id, email, chat };
}

/** A socket of somebody's that ends with the test. */
export function socketOf({ chat }: Person, context: TestContext, options: Partial<SocketOptions> = {}): ChatSocket {
  assert.ok(chat.token !== undefined);
  const socket = new ChatSocket({ url: ready.websocket, token: chat.token, WebSocket, longestPause: 200, ...options });
  context.after(() => socket.close());
  return socket;
}

/** The next event that is as wanted. The test's own limit ends what waits in vain. */
export function next<E extends keyof SocketEvents>(
  socket: ChatSocket,
  event: E,
  isWanted: (what: SocketEvents[E]) => boolean = () => true,
): Promise<SocketEvents[E]> {
  return new Promise((resolve) => {
    const off = socket.on(event, (what) => {
      if (!isWanted(what)) return;
      off();
      resolve(what);
    });
  });
}

/** Everything that a socket tells of messages from now on. */
export function textsOf(socket: ChatSocket): string[] {
  const texts: string[] = [];
  socket.on("message", ({ message }) => texts.push(message));
  return texts;
}

/** A way to the WebSocket API that can be cut. */
export class Relay {
  #isWhole = true;
  readonly #sockets = new Set<net.Socket>();
  readonly #server = net.createServer((client) => {
    if (!this.#isWhole) return void client.destroy();
    const { hostname, port } = new URL(ready.websocket);
    const server = net.connect(Number(port), hostname);
    for (const [from, to] of [[client, server], [server, client]] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  });

  static async open(context: TestContext): Promise<Relay> {
    const relay = new Relay();
    relay.#server.listen(0, "127.0.0.1");
    await once(relay.#server, "listening");
    context.after(() => {
      relay.cut();
      relay.#server.close();
    });
    return relay;
  }

  /** The WebSocket API by this way. */
  get url(): string {
    const url = new URL(ready.websocket);
    url.port = String((this.#server.address() as net.AddressInfo).port);
    return url.href;
  }

  /** Ends all connections in the middle of whatever they are at, and those that come. */
  cut(): void {
    this.#isWhole = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend(): void {
    this.#isWhole = true;
  }
}
