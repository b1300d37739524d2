// Making elements, without ever reading text as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Icons as the lines that they are drawn with, on 16 by 16. */
const ICONS = {
  person: "M8 8.2a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6M2.8 13.6c.6-2.6 2.6-4 5.2-4s4.6 1.4 5.2 4",
  room: "M8 14.2s4.7-4.2 4.7-7.7a4.7 4.7 0 0 0-9.4 0c0 3.5 4.7 7.7 4.7 7.7M8 8.1a1.7 1.7 0 1 0 0-3.4 1.7 1.7 0 0 0 0 3.4",
  pair: "M4.2 7.2h7.6v6H4.2zM5.7 7.2V5a2.3 2.3 0 0 1 4.6 0v2.2",
  group: "M6 7.8a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6M1.8 13c.4-2.3 2-3.5 4.2-3.5s3.8 1.2 4.2 3.5M10.6 3.5a2.2 2.2 0 0 1 0 4M11.8 9.7c1.4.4 2.3 1.6 2.5 3.3",
  bot: "M3.2 6h9.6v7H3.2zM8 6V3.2M6 9v1M10 9v1M6.5 2.8h3",
  conversation: "M6.2 2.8 5 13.2M11 2.8 9.8 13.2M2.8 6h10.6M2.5 10h10.6",
  plus: "M8 3.5v9M3.5 8h9",
  back: "M9.8 3.5 5.3 8l4.5 4.5",
  close: "M4 4l8 8M12 4l-8 8",
};

/** An element with properties, and with children that are elements or text. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "data") Object.assign(made.dataset, value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** An icon that says nothing to whoever does not see it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["aria-hidden", "true"], ["class", "icon"]]) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Sets a text if it is another one: whoever listens to changes hears of those alone. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Makes the children of a list those of the items. Children stay as long as their items do, and so does the focus. */
export function reconcile(list, items, keyOf, make, update = () => {}) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const key = String(keyOf(item));
    let child = old.get(key);
    if (child) {
      old.delete(key);
    } else {
      child = make(item);
      child.dataset.key = key;
    }
    update(child, item);
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  });
  for (const child of old.values()) child.remove();
}

/** Text with its links made clickable. Everything else stays text. */
export function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part) =>
    /^https?:\/\//.test(part) ? element("a", { href: part, target: "_blank", rel: "noopener" }, part) : part,
  );
}

/** The time of the day. */
export function clock(moment, seconds = false) {
  const style = { hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) };
  return new Date(moment).toLocaleTimeString([], { ...style, hour12: false });
}
