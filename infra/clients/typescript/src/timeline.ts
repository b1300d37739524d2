/** The messages of one chat in the order of `seq`, each once, however they come. */
export class Timeline<M extends { seq: number }> {
  /** Up to here everything was given. */
  #given: number;
  /** Where it begins, if that is a guess: what comes from before was overtaken, and is given late. */
  #guess: number;
  readonly #late = new Set<number>();
  readonly #held = new Map<number, M>();
  /** Whether what is missing has been asked for. */
  isAskedFor = false;

  private constructor(given: number, guess: number) {
    this.#given = given;
    this.#guess = guess;
  }

  /** A chat of which everything up to a position is known. */
  static after<M extends { seq: number }>(known: number): Timeline<M> {
    return new Timeline<M>(known, 0);
  }

  /** A chat of which nothing is known but a message. */
  static from<M extends { seq: number }>({ seq }: M): Timeline<M> {
    return new Timeline<M>(seq - 1, seq - 1);
  }

  get given(): number {
    return this.#given;
  }

  /** Whether a message waits for one that has not come. */
  get hasGap(): boolean {
    return this.#held.size > 0;
  }

  /** Takes a message, and gives those whose turn it is. */
  take(message: M): M[] {
    const { seq } = message;
    if (seq > this.#given) this.#held.set(seq, message);
    if (seq > this.#guess) return this.#ready();
    if (this.#late.has(seq)) return [];
    this.#late.add(seq);
    return [message];
  }

  /** Nothing up to a position will come any more: gives what waited, and what follows. */
  settle(seq: number): M[] {
    const ready = [...this.#held.values()].filter((message) => message.seq <= seq).sort((a, b) => a.seq - b.seq);
    for (const message of ready) this.#held.delete(message.seq);
    this.#given = Math.max(this.#given, seq);
    return [...ready, ...this.#ready()];
  }

  /** Everything up to a position is known from elsewhere: gives what follows. */
  know(seq: number): M[] {
    this.#guess = 0;
    for (const held of this.#held.keys()) if (held <= seq) this.#held.delete(held);
    this.#given = Math.max(this.#given, seq);
    return this.#ready();
  }

  #ready(): M[] {
    const ready: M[] = [];
    for (let next; (next = this.#held.get(this.#given + 1)) !== undefined; ) {
      this.#held.delete(next.seq);
      this.#given = next.seq;
      ready.push(next);
    }
    return ready;
  }
}
