/**
 * The pushdown automaton of a grammar, made deterministic while it runs.
 *
 * A *frame* is a set of network states of one rule's activation. A *configuration* is everything that may
 * be going on after some text: cells of a frame and the configuration that goes on when the frame's rule
 * ends. Both are interned, so that equal situations are the same object and carry the caches of what comes
 * next; stacks share their tails (as in the graph-structured stacks of generalised LR parsing).
 */
import { arcKinds, type Network } from "./network.ts";
import type { PlainStep } from "./plain_text.ts";

/** A set of network states under one and the same stack. */
export interface Frame {
  readonly id: number;
  /** Sorted states after following empty arcs. */
  readonly states: readonly number[];
  /** The rule may end here. */
  readonly final: boolean;
  /** Some byte or token may be read here, without entering or leaving a rule. */
  readonly reads: boolean;
  readonly tokenArcs: readonly TokenArc[];
  /** Rules may be entered here. */
  readonly enters: boolean;
  /** Those rules, each with what follows it in this rule; made on first use. */
  calls?: readonly { callee: Frame; rest: Frame }[];
  /** By class of bytes; null = refused, undefined = not computed. */
  readonly next: (Frame | null | undefined)[];
}

export interface TokenArc {
  token: number;
  negated: boolean;
  /** A network state. */
  target: number;
}

export interface Cell {
  frame: Frame;
  parent: Configuration;
}

export interface Configuration {
  readonly id: number;
  /** Sorted by the id of the frame, which occurs once. */
  readonly cells: readonly Cell[];
  /** The whole text may end, as far as cells that were left for good say. */
  readonly atEnd: boolean;
  /** The situation that was entered at its top only (`enter`) may be left upwards. */
  readonly escapes: boolean;
  /** What may be read next; made on first use by `expand`. */
  expansion?: Expansion;
  /** By class of bytes; null = refused, undefined = not computed. */
  readonly next: (Configuration | null | undefined)[];
  /** What plain characters lead to; see plain_text.ts. */
  plainStep?: PlainStep;
}

export interface Expansion {
  /** Cells whose frames read something. */
  live: readonly Cell[];
  atEnd: boolean;
  escapes: boolean;
}

/** Interned configurations and frames are forgotten at these numbers; those in use stay valid. */
const mostConfigurations = 200_000;
const mostFrames = 200_000;

export class Automaton {
  /** Byte -> class: bytes that the grammar never tells apart share one. */
  readonly classOf: Uint8Array;
  readonly classes: number;
  /** The grammar names tokens. */
  readonly namesTokens: boolean;
  /** Nothing is left to read; the text ends. */
  readonly end: Configuration;
  readonly #network: Network;
  readonly #outside: Configuration;
  readonly #representative: number[] = [];
  readonly #frames = new Map<string, Frame>();
  readonly #single = new Map<number, Configuration>();
  readonly #several = new Map<string, Configuration>();
  readonly #unions = new Map<string, Configuration>();
  #nextId = 0;
  #nextFrame = 0;

  constructor(network: Network) {
    this.#network = network;
    this.classOf = byteClasses(network);
    this.classOf.forEach((c, byte) => this.#representative[c] ??= byte);
    this.classes = this.#representative.length;
    this.namesTokens = network.kind.some((kind) => kind >= arcKinds.token);
    this.end = this.#newConfiguration([], true, false);
    this.#outside = this.#newConfiguration([], false, true);
  }

  /** Where a text begins. */
  start(): Configuration {
    return this.#configuration(this.#frame([this.#network.entry[this.#network.root]]), this.end);
  }

  /** The frame alone, with an unknown rest of the stack: what holds here holds under every stack. */
  enter(frame: Frame): Configuration {
    return this.#configuration(frame, this.#outside);
  }

  /** After one more byte; null when it does not fit. */
  step(from: Configuration, byte: number): Configuration | null {
    const byteClass = this.classOf[byte];
    const known = from.next[byteClass];
    return known === undefined ? this.#step(from, byteClass) : known;
  }

  /** After one whole token that the grammar names by its id; null when it names none here. */
  stepToken(from: Configuration, matches: (arc: TokenArc) => boolean): Configuration | null {
    const reached: Configuration[] = [];
    for (const { frame, parent } of this.expand(from).live) {
      for (const arc of frame.tokenArcs) {
        if (matches(arc)) reached.push(this.#configuration(this.#frame([arc.target]), parent));
      }
    }
    return reached.length === 0 ? null : this.unite(reached);
  }

  expand(configuration: Configuration): Expansion {
    return configuration.expansion ??= this.#expansion(configuration);
  }

  /** The configuration that allows what any of them allows. */
  unite(configurations: Configuration[]): Configuration {
    const distinct = [...new Set(configurations)];
    if (distinct.length === 1) return distinct[0];
    const key = distinct.map((c) => c.id).sort((x, y) => x - y).join();
    let union = this.#unions.get(key);
    if (union) return union;
    if (this.#unions.size >= mostConfigurations) this.#unions.clear();
    this.#unions.set(key, union = this.#unite(distinct));
    return union;
  }

  #unite(distinct: Configuration[]): Configuration {
    const parents = new Map<Frame, Configuration[]>();
    for (const { cells } of distinct) {
      for (const { frame, parent } of cells) {
        const list = parents.get(frame);
        if (list) list.push(parent);
        else parents.set(frame, [parent]);
      }
    }
    const cells = [...parents].map(([frame, list]): Cell => ({ frame, parent: this.unite(list) }));
    const atEnd = distinct.some((c) => c.atEnd);
    const escapes = distinct.some((c) => c.escapes);
    return this.#intern(cells, atEnd, escapes);
  }

  #step(from: Configuration, byteClass: number): Configuration | null {
    const reached: Configuration[] = [];
    for (const { frame, parent } of this.expand(from).live) {
      const next = frame.next[byteClass] === undefined
        ? this.#stepFrame(frame, byteClass)
        : frame.next[byteClass];
      if (next) reached.push(this.#configuration(next, parent));
    }
    const result = reached.length === 0 ? null : reached.length === 1 ? reached[0] : this.unite(reached);
    from.next[byteClass] = result;
    return result;
  }

  #stepFrame(frame: Frame, byteClass: number): Frame | null {
    const { first, kind, a, b, target, next } = this.#network;
    const byte = this.#representative[byteClass];
    const reached: number[] = [];
    for (const state of frame.states) {
      for (let arc = first[state]; arc >= 0; arc = next[arc]) {
        if (kind[arc] === arcKinds.byte && a[arc] <= byte && byte <= b[arc]) reached.push(target[arc]);
      }
    }
    return frame.next[byteClass] = reached.length === 0 ? null : this.#frame(reached);
  }

  #expansion(configuration: Configuration): Expansion {
    const parents = new Map<Frame, Configuration[]>();
    let { atEnd, escapes } = configuration;
    const seen = new Set<Configuration>([configuration]);
    const add = (frame: Frame, parent: Configuration) => {
      const list = parents.get(frame);
      if (!list) parents.set(frame, [parent]);
      else if (!list.includes(parent)) list.push(parent);
    };
    const visit = (other: Configuration) => {
      if (seen.has(other)) return;
      seen.add(other);
      const { live, atEnd: end, escapes: escape } = this.expand(other);
      for (const { frame, parent } of live) add(frame, parent);
      atEnd ||= end;
      escapes ||= escape;
    };
    for (const { frame, parent } of configuration.cells) {
      if (frame.reads) add(frame, parent);
      for (const { callee, rest } of this.#calls(frame)) {
        visit(this.#configuration(callee, this.#configuration(rest, parent)));
      }
      if (frame.final) visit(parent);
    }
    const live = [...parents].map(([frame, list]): Cell => ({ frame, parent: this.unite(list) }));
    return { live, atEnd, escapes };
  }

  /** One cell; a frame in which the rule can only end is left at once. */
  #configuration(frame: Frame, parent: Configuration): Configuration {
    if (frame.final && !frame.reads && !frame.enters) return parent;
    const key = frame.id * 2 ** 28 + parent.id;
    const known = this.#single.get(key);
    if (known) return known;
    if (this.#single.size >= mostConfigurations) this.#single.clear();
    const made = this.#newConfiguration([{ frame, parent }], false, false);
    this.#single.set(key, made);
    return made;
  }

  #intern(cells: Cell[], atEnd: boolean, escapes: boolean): Configuration {
    if (cells.length === 0 && atEnd !== escapes) return atEnd ? this.end : this.#outside;
    cells.sort((x, y) => x.frame.id - y.frame.id);
    let key = `${atEnd ? "e" : ""}${escapes ? "o" : ""}`;
    for (const { frame, parent } of cells) key += `,${frame.id}:${parent.id}`;
    const known = this.#several.get(key);
    if (known) return known;
    if (this.#several.size >= mostConfigurations) this.#several.clear();
    const made = this.#newConfiguration(cells, atEnd, escapes);
    this.#several.set(key, made);
    return made;
  }

  #newConfiguration(cells: Cell[], atEnd: boolean, escapes: boolean): Configuration {
    return { id: this.#nextId++, cells, atEnd, escapes, next: new Array(this.classes) };
  }

  #frame(kernel: number[]): Frame {
    const { states, calls } = this.#closure(kernel);
    const key = states.join();
    const known = this.#frames.get(key);
    if (known) return known;
    if (this.#frames.size >= mostFrames) this.#frames.clear();
    const { isExit } = this.#network;
    const made: Frame = {
      id: this.#nextFrame++,
      states,
      final: states.some((s) => isExit.has(s)),
      reads: states.some((s) =>
        someArc(this.#network, s, (k) => k !== arcKinds.empty && k !== arcKinds.call)
      ),
      tokenArcs: this.#tokenArcs(states),
      enters: calls.size > 0,
      next: new Array(this.classes),
    };
    this.#frames.set(key, made);
    return made;
  }

  #tokenArcs(states: number[]): TokenArc[] {
    const { first, kind, a, next, target } = this.#network;
    const found: TokenArc[] = [];
    for (const state of states) {
      for (let arc = first[state]; arc >= 0; arc = next[arc]) {
        if (kind[arc] < arcKinds.token) continue;
        found.push({ token: a[arc], negated: kind[arc] === arcKinds.tokenNot, target: target[arc] });
      }
    }
    return found;
  }

  #calls(frame: Frame): readonly { callee: Frame; rest: Frame }[] {
    if (!frame.enters) return [];
    return frame.calls ??= [...this.#closure(frame.states).calls].map(([rest, entries]) => ({
      callee: this.#frame(entries),
      rest: this.#frame([rest]),
    }));
  }

  /** The states that matter after empty arcs and calls in last place, and the other calls by what follows. */
  #closure(kernel: readonly number[]): { states: number[]; calls: Map<number, number[]> } {
    const { first, kind, a, target, next, entry, isExit } = this.#network;
    const seen = new Set(kernel);
    const pending = [...seen];
    const states: number[] = [];
    const calls = new Map<number, number[]>();
    const reach = (state: number) => {
      if (seen.has(state)) return;
      seen.add(state);
      pending.push(state);
    };
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      let matters = isExit.has(state);
      for (let arc = first[state]; arc >= 0; arc = next[arc]) {
        if (kind[arc] === arcKinds.empty) reach(target[arc]);
        else if (kind[arc] !== arcKinds.call) matters = true;
        else if (this.#endsRule(target[arc])) reach(entry[a[arc]]);
        else {
          matters = true;
          const list = calls.get(target[arc]);
          if (list) list.push(entry[a[arc]]);
          else calls.set(target[arc], [entry[a[arc]]]);
        }
      }
      if (matters) states.push(state);
    }
    // Exits are all alike: keep one, so that equal frames are found equal.
    const exits = states.filter((s) => isExit.has(s) && first[s] < 0);
    const others = states.filter((s) => !(isExit.has(s) && first[s] < 0));
    if (exits.length > 0) others.push(this.#network.exit[this.#network.root]);
    return { states: others.sort((x, y) => x - y), calls };
  }

  /** Nothing but the end of the rule follows. */
  #endsRule(state: number): boolean {
    const { first, kind, target, next, isExit } = this.#network;
    for (let steps = 0; steps < 100; steps++) {
      if (isExit.has(state)) return true;
      const arc = first[state];
      if (arc < 0 || next[arc] >= 0 || kind[arc] !== arcKinds.empty) return false;
      state = target[arc];
    }
    return false;
  }
}

function someArc(network: Network, state: number, holds: (kind: number) => boolean): boolean {
  for (let arc = network.first[state]; arc >= 0; arc = network.next[arc]) {
    if (holds(network.kind[arc])) return true;
  }
  return false;
}

function byteClasses({ kind, a, b }: Network): Uint8Array {
  const splits = new Uint8Array(257); // 1 where a class may begin
  splits[0] = 1;
  const ranges = new Set<number>();
  for (let arc = 0; arc < kind.length; arc++) {
    if (kind[arc] === arcKinds.byte) ranges.add(a[arc] * 256 + b[arc]);
  }
  for (const range of ranges) {
    splits[range >> 8] = 1;
    splits[(range & 255) + 1] = 1;
  }
  const classOf = new Uint8Array(256);
  for (let byte = 0, c = -1; byte < 256; byte++) {
    if (splits[byte]) c++;
    classOf[byte] = c;
  }
  return classOf;
}
