// Names for people who did not choose one.

const FIRST = [
  "Ada", "Amal", "Bruno", "Clara", "Dario", "Edith", "Emre", "Farah", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Leo",
  "Mina", "Nils", "Olga", "Pablo", "Rosa", "Samir", "Thea", "Ugo", "Vera", "Wim", "Yara", "Zeno",
];
const LAST = [
  "Abel", "Berg", "Costa", "Duarte", "Ek", "Falk", "Gray", "Holm", "Ivory", "Jansen", "Klee", "Lund", "Marsh", "Novak",
  "Okafor", "Park", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Vance", "Wolf", "Yilmaz", "Zander",
];

const TITLES = {
  room: ["Café Central", "By the canal", "Rooftop", "Platform 9", "The reading room"],
  group: ["Sunday hikers", "Board games", "Early birds", "Night shift"],
  conversation: ["What are you reading?", "Tabs or spaces", "A walk in the rain", "Best soup in town"],
};

const any = (list) => list[Math.floor(Math.random() * list.length)];

/** A first and a last name; the first is none of those taken. */
export function personName(taken) {
  const free = FIRST.filter((name) => !taken.includes(name));
  return { first: any(free.length ? free : FIRST), last: any(LAST) };
}

/** What a chat of a kind may be called. */
export const title = (kind) => any(TITLES[kind]);

/** A few letters that make something unique. */
export const letters = () => crypto.randomUUID().slice(0, 6);
