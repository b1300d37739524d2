// The mails that the system would send.

import { clock, element, linked, reconcile, say } from "./dom.js";

const REST_MS = 1500;

/** Shows the outbox, and goes on looking into it. */
export function watchOutbox() {
  const panel = document.getElementById("outbox");
  const badge = document.querySelector("#tab-outbox .badge");
  let shown = "[]";
  let seen = 0;
  let count = 0;

  const draw = () => {
    const isSeen = !panel.hidden;
    if (isSeen) seen = count;
    badge.hidden = count <= seen;
    say(badge, count > seen ? String(count - seen) : "");
  };
  const look = async () => {
    try {
      const text = await (await fetch("/outbox")).text();
      if (text !== shown) {
        shown = text;
        const mails = JSON.parse(text);
        count = mails.length;
        // Newest first: a mail's number counts from the oldest.
        const numbered = mails.map((mail, index) => ({ ...mail, number: count - index }));
        reconcile(panel.querySelector(".rows"), numbered, ({ number }) => number, show);
        say(panel.querySelector(".sum"), `${count} ${count === 1 ? "mail" : "mails"}, the newest first.`);
      }
    } catch {
      // The stack has ended. It may come back.
    }
    draw();
    setTimeout(look, REST_MS);
  };
  look();
  return draw;
}

function show({ to, subject, text, html, sent_at: at }) {
  return element("li", { className: "mail" },
    element("div", {}, element("b", {}, subject), element("time", { dateTime: at }, clock(at))),
    element("p", { className: "to" }, to),
    element("p", { className: "text" }, ...linked(text || html)));
}
