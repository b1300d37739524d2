// The page: its people, and what is shown of them and of the stack.

import { element, reconcile, say } from "./dom.js";
import { watch } from "./live.js";
import { personName } from "./names.js";
import { watchOutbox } from "./outbox.js";
import { Pane } from "./pane.js";
import { Person } from "./person.js";
import { makeTabs } from "./tabs.js";

const SAVED = "people";
const TITLE = document.title;

const byId = (id) => document.getElementById(id);
/** The people, each with its pane. */
const people = [];
let tones = 0;

// ------------------------------------------------------------------ people

/** Makes a person, whose steps are told one by one. */
async function make(tell) {
  const name = personName(people.map(({ person }) => person.first));
  return join(await Person.make(name, tell));
}

/** Shows a person from now on. */
function join(person) {
  tones += 1;
  const entry = { person, pane: new Pane(person, ((tones - 1) % 4) + 1) };
  people.push(entry);
  byId("people").append(entry.pane.node);
  person.addEventListener("end", () => part(entry));
  // What one begins, the others can find: they look again.
  person.addEventListener("made", () => people.forEach((other) => other !== entry && other.person.refresh()));
  person.addEventListener("change", countUnread);
  nameRows();
  arrange();
  show(person.first);
  return person;
}

function part(entry) {
  people.splice(people.indexOf(entry), 1);
  entry.pane.node.remove();
  arrange();
}

/** Two who have just met have each other's chat before them. */
function introduce(one, other) {
  one.show(one.directTo(other.id));
  other.show(other.directTo(one.id));
}

/** Does something that takes its steps, and tells them. */
async function inSteps(action) {
  const steps = byId("steps");
  const buttons = [byId("make-two"), byId("new-person")];
  for (const button of buttons) button.disabled = true;
  steps.replaceChildren();
  say(byId("failure"), "");
  try {
    await action((text) => {
      steps.lastElementChild?.classList.add("done");
      steps.append(element("li", {}, text));
      say(byId("new-person"), `${text.split(" ")[0]}…`);
    });
  } catch (error) {
    say(byId("failure"), `That did not work: ${error.message}`);
  } finally {
    for (const button of buttons) button.disabled = false;
    say(byId("new-person"), "New person");
    arrange();
  }
}

byId("make-two").onclick = () =>
  inSteps(async (tell) => {
    document.body.classList.add("making");
    try {
      const name = personName([]);
      const one = await Person.make(name, tell);
      const other = await Person.make(personName([name.first]), tell);
      join(one);
      join(other);
      await Promise.all([one.refresh(), other.refresh()]);
      introduce(one, other);
      show(one.first);
    } finally {
      document.body.classList.remove("making");
    }
  });

byId("new-person").onclick = () => inSteps(make);

// ------------------------------------------------------------------ what is shown

/** Where there is room for one thing alone: a person, or what happens. */
function show(what) {
  document.body.dataset.shown = what;
  for (const { person, pane } of people) pane.node.classList.toggle("shown", person.first === what);
  arrange();
}

function arrange() {
  const nobody = people.length === 0;
  byId("welcome").hidden = !nobody;
  byId("new-person").hidden = nobody;
  byId("switch").hidden = nobody;
  document.body.classList.toggle("started", !nobody);
  const isShown = ({ person }) => person.first === document.body.dataset.shown;
  if (!nobody && document.body.dataset.shown !== "activity" && !people.some(isShown)) return show(people[0].person.first);
  const choices = [...people.map(({ person }) => person.first), "activity"];
  reconcile(byId("switch"), choices, (choice) => choice, (choice) => {
    const text = choice === "activity" ? "Activity" : choice;
    return element("button", { type: "button", onclick: () => show(choice) }, element("span", {}, text), element("span", { className: "badge", hidden: true }));
  }, (button, choice) => {
    button.setAttribute("aria-pressed", String(choice === document.body.dataset.shown));
    const unread = people.find(({ person }) => person.first === choice);
    const badge = button.lastChild;
    const count = unread ? unreadOf(unread.person) : 0;
    badge.hidden = !count;
    say(badge, count ? String(count) : "");
  });
  save();
}

const unreadOf = (person) => [...person.chats.values()].reduce((all, { unread }) => all + unread, 0);

function countUnread() {
  const all = people.reduce((sum, { person }) => sum + unreadOf(person), 0);
  const title = all ? `(${all}) ${TITLE}` : TITLE;
  if (document.title !== title) document.title = title;
  for (const { person } of people) {
    const badge = byId("switch").querySelector(`[data-key="${CSS.escape(person.first)}"] .badge`);
    const count = unreadOf(person);
    if (!badge) continue;
    badge.hidden = !count;
    say(badge, count ? String(count) : "");
  }
}

// ------------------------------------------------------------------ the stack

const drawOutbox = watchOutbox();
makeTabs(byId("tabs"), (id) => {
  byId("tools").hidden = id === "outbox";
  drawOutbox();
});
const nameRows = watch((id) => {
  // For conversations a person is another user, by another name.
  const isIt = ({ person }) => String(person.id) === id || person.users.get(Number(id))?.name === person.alias;
  return people.find(isIt)?.person.first;
});

// ------------------------------------------------------------------ again

/** People stay for as long as the tab does. */
function save() {
  sessionStorage.setItem(SAVED, JSON.stringify(people.map(({ person }) => person.saved)));
}

async function restore() {
  const saved = JSON.parse(sessionStorage.getItem(SAVED) ?? "[]");
  // They come back in their order, and whose session is over does not.
  const back = await Promise.allSettled(saved.map(async (one) => {
    const person = new Person(one);
    await person.start();
    return person;
  }));
  const here = back.filter(({ status }) => status === "fulfilled").map(({ value }) => value);
  here.forEach(join);
  if (here.length === 2) introduce(...here);
}

await restore();
arrange();
