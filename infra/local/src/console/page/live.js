// What happens in the stack, as it happens: invocations and frames.

import { clock, element, say } from "./dom.js";

/** So many rows of a kind are kept. */
const ROWS = 300;

/** What says most about a frame: it is shown first, as the order of fields means nothing. */
const FIRST = ["chat_type", "type", "event", "message", "messages", "error"];

const sum = { invocations: 0, cold: 0, read: 0, write: 0 };

/** Watches the stream of events. `nameOf` gives the name of a user that is known here; the outcome says names anew. */
export function watch(nameOf) {
  const lists = Object.fromEntries(["invocations", "frames"].map((id) => [id, document.querySelector(`#${id} .rows`)]));
  const filter = document.getElementById("filter");
  const pause = document.getElementById("pause");
  /** Users by their connections, as far as an invocation has told. */
  const users = new Map();
  let isPaused = false;
  let waiting = [];
  let drawing = 0;

  const nameOfConnection = (id) => nameOf(users.get(id)) ?? id;

  function rowOf(event) {
    if (event.type === "lost") return ["invocations", element("li", { className: "lost" }, `${event.count} events went by too fast to be shown.`)];
    if (event.type === "invocation") return ["invocations", invocation(event, nameOf)];
    return ["frames", frame(event, nameOfConnection)];
  }

  function learn({ connection_id: connection, user_id: user }) {
    if (!connection || !user || users.has(connection)) return;
    users.set(connection, user);
    name(lists.frames.querySelectorAll(`[data-connection="${CSS.escape(connection)}"]`));
  }

  /** Names whom rows are about, as far as that is known by now. */
  function name(rows) {
    for (const row of rows) {
      const { connection, user } = row.dataset;
      say(row.querySelector(".who"), connection ? nameOfConnection(connection) : (nameOf(user) ?? ""));
    }
  }

  function draw() {
    drawing = 0;
    if (isPaused) return say(pause, `Resume (${waiting.length} new)`);
    // More than are kept need not be drawn.
    for (const event of waiting.splice(0).slice(-2 * ROWS)) {
      const [list, row] = rowOf(event);
      hideUnless(row, filter.value);
      lists[list].prepend(row);
      while (lists[list].children.length > ROWS) lists[list].lastElementChild.remove();
      learn(event);
    }
    const { invocations, cold, read, write } = sum;
    const units = `${read.toLocaleString()} read and ${write.toLocaleString()} write units`;
    if (invocations) say(document.getElementById("sum"), `${invocations.toLocaleString()} invocations, ${cold} of them cold; ${units}.`);
  }

  new EventSource("/events").onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "invocation") count(event);
    waiting.push(event);
    if (waiting.length > 2 * ROWS && isPaused) waiting.shift();
    drawing ||= setTimeout(draw, 50);
  };

  pause.onclick = () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    say(pause, isPaused ? "Resume" : "Pause");
    draw();
  };
  document.getElementById("clear").onclick = () => Object.values(lists).forEach((list) => list.replaceChildren());
  filter.oninput = () => {
    for (const list of Object.values(lists)) for (const row of list.children) hideUnless(row, filter.value);
  };
  return () => name(document.querySelectorAll("[data-connection], [data-user]"));
}

function count({ cold, read_units: read, write_units: write }) {
  sum.invocations += 1;
  sum.cold += cold ? 1 : 0;
  sum.read += read ?? 0;
  sum.write += write ?? 0;
}

/** Hides a row that does not have every word that is looked for. */
function hideUnless(row, wanted) {
  const text = row.textContent.toLowerCase();
  row.hidden = !wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

const part = (className, text) => element("span", { className }, text);

function invocation(event, nameOf) {
  const { at, source, status, error, function: name, cold, waited_ms: waited, duration_ms: took, user_id: user } = event;
  const failed = error ?? (status >= 500 ? "failed" : null);
  const kind = failed ? "bad" : status >= 400 ? "warn" : "good";
  const row = element("li", { className: "invocation", data: { user } },
    element("div", {}, part(`status ${kind}`, String(failed ?? status ?? "ok")), element("b", {}, source), part("took", `${took.toFixed(1)} ms`)),
    element("div", { className: "more" }, part("name", name.replace(/Function$/, ""))));
  const more = row.lastChild;
  if (cold) more.append(element("span", { className: "cold", title: `The first of its process. It waited ${waited.toFixed(0)} ms.` }, "cold"));
  if (event.storage_calls !== null) more.append(part("units", units(event)));
  more.append(part("who", nameOf(user) ?? ""), element("time", { dateTime: new Date(at).toISOString() }, clock(at, true)));
  return row;
}

/** A frame with what says most at its beginning. One that was cut is as it is. */
function readable(body) {
  try {
    const fields = JSON.parse(body);
    if (Array.isArray(fields)) return body;
    const first = FIRST.filter((name) => name in fields).map((name) => [name, fields[name]]);
    return JSON.stringify({ ...Object.fromEntries(first), ...fields });
  } catch {
    return body;
  }
}

function units({ storage_calls: calls, read_units: read, write_units: write }) {
  if (!calls) return "no storage";
  return `${calls} ${calls === 1 ? "call" : "calls"} · ${read} R · ${write} W`;
}

function frame(event, nameOfConnection) {
  const { type, at, connection_id: connection, direction, body, size, code } = event;
  const [arrow, what] = {
    frame: direction === "in" ? ["→", "to the stack"] : ["←", "from the stack"],
    connect: ["●", "opened"],
    disconnect: ["○", `closed with ${code}`],
  }[type];
  const head = [
    element("span", { className: `arrow ${direction ?? type}`, "aria-hidden": "true" }, arrow),
    part("who", nameOfConnection(connection)),
    part("way", what),
    element("time", { dateTime: new Date(at).toISOString() }, clock(at, true)),
  ];
  const row = element("li", { className: "frame", data: { connection } });
  if (type !== "frame") {
    row.append(element("div", {}, ...head));
    return row;
  }
  const text = body ? readable(body) : `${size} bytes that are no JSON`;
  row.append(element("details", {}, element("summary", {}, element("div", {}, ...head), element("code", {}, text))));
  return row;
}
