import type { components } from "./generated/http.js";

type Envelope = components["schemas"]["Envelope"];

/** A call or a frame that was refused, or got no answer. */
export class ChatError extends Error {
  override readonly name = "ChatError";

  constructor(
    /** The status; 0 where there was no answer, and for frames. */
    readonly status: number,
    /** A stable word for programs, such as `chat_not_found`; `unreachable` where there was no answer. */
    readonly code: string,
    /** A sentence for people. */
    readonly error: string,
    /** In how many seconds to try again, if the other side says so. */
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(error, options);
  }

  /** Whether the same may work later. */
  get isPassing(): boolean {
    return this.code === "unreachable" || this.code === "busy" || this.status === 429 || this.status >= 500;
  }

  /** The error that an answer stands for. */
  static async of(response: Response): Promise<ChatError> {
    const body: Partial<Envelope & { message: string }> = await response.json().catch(() => ({}));
    const seconds = response.headers.get("retry-after");
    return new ChatError(
      response.status,
      // API Gateway, which answers where no function was asked, has no codes.
      body.code ?? "gateway",
      body.error ?? body.message ?? `The answer was ${response.status}`,
      seconds === null || Number.isNaN(Number(seconds)) ? undefined : Number(seconds),
    );
  }

  /** No answer came. */
  static unreachable(cause: unknown): ChatError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new ChatError(0, "unreachable", `There was no answer: ${why}`, undefined, { cause });
  }
}
