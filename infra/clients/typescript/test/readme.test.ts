// The README's example, compiled and run as it stands there, but for the addresses.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient } from "serverless-chat-client";
import { password, person, ready } from "./support.js";

const run = promisify(execFile);
const root = new URL("../../", import.meta.url);

test("the example does what it says", { timeout: 120_000 }, async () => {
  const readme = await readFile(new URL("README.md", root), "utf8");
  const example = readme.match(/```ts\n([\s\S]*?)```/)?.[1];
  assert.ok(example);
  const [ann, bob] = await Promise.all([person(), person()]);
  const place = {
    "http://127.0.0.1:3000": ready.http,
    "ws://127.0.0.1:3001/live": ready.websocket,
    "ann@example.com": ann.email,
    "correct horse": password,
    "112006274904065": String(bob.id),
  };
  const source = Object.entries(place).reduce((text, [of, to]) => {
    assert.ok(text.includes(of), `${of} in the example`);
    return text.replaceAll(of, to);
  }, example);

  // Inside of the package, which can be imported there by its name.
  const folder = new URL(`test/build/${randomUUID()}/`, root);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL("example.ts", folder), source);
  const options = ["--strict", "--module", "nodenext", "--target", "es2022", "--types", "node", "--skipLibCheck"];
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", root));
  await run(process.execPath, [tsc, ...options, fileURLToPath(new URL("example.ts", folder))]);
  const { stdout } = await run(process.execPath, [fileURLToPath(new URL("example.js", folder))]);
  assert.equal(stdout, `${ann.id}: Hello Bob\n`);

  const reader = createClient({ http: ready.http });
  await reader.login({ email: bob.email, password });
  const [chat] = await reader.get("/chats");
  assert.equal(chat?.last_message, "Hello Bob");
});
