export * from "./client.js";
export { ChatError } from "./error.js";
export type * from "./frames.js";
export type { components, operations, paths } from "./generated/http.js";
export * from "./socket.js";
