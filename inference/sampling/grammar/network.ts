/**
 * The grammar as a network of states over bytes: one entry and one exit a rule, arcs that read a byte or a
 * token, empty arcs, and calls of other rules. Arcs are kept as linked lists in flat arrays.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { analyse, expressionWeight, type GrammarAnalysis, isProductive } from "./analysis.ts";
import { utf8Sequences } from "./code_points.ts";
import type { Expression, Grammar } from "./grammar.ts";

export const arcKinds = { byte: 0, empty: 1, call: 2, token: 3, tokenNot: 4 } as const;

export interface Network {
  /** First arc of each state, -1 for none. */
  first: number[];
  /** Per arc: what it reads (`a`, `b`: byte range; `a`: called rule or token), where to, the next arc. */
  kind: number[];
  a: number[];
  b: number[];
  target: number[];
  next: number[];
  entry: number[];
  exit: number[];
  /** States where a rule ends. */
  isExit: Set<number>;
  root: number;
}

/** Bounds the memory that a hostile grammar can take (about 100 bytes a state). */
const mostStates = 600_000;
/** A repeated part heavier than this, copied so often that it matters, becomes a rule of its own. */
const copiedWeight = 512;

/** @throws SkiffError "invalid_input" for left recursion, a grammar that matches nothing, or one too large. */
export function buildNetwork(grammar: Grammar): Network {
  return new NetworkBuilder(grammar).build();
}

class NetworkBuilder {
  readonly #grammar: Grammar;
  readonly #analysis: GrammarAnalysis;
  readonly #encoder = new TextEncoder();
  readonly #pending: number[] = [];
  readonly #bodies: (Expression | undefined)[];
  readonly #network: Network;

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
    this.#analysis = analyse(grammar);
    this.#bodies = grammar.rules.map((rule) => rule.body);
    const lists = { first: [], kind: [], a: [], b: [], target: [], next: [], entry: [], exit: [] };
    this.#network = { ...lists, isExit: new Set(), root: grammar.root };
  }

  build(): Network {
    this.#entry(this.#network.root);
    for (let rule = this.#pending.pop(); rule !== undefined; rule = this.#pending.pop()) {
      this.#emit(this.#bodies[rule]!, this.#network.entry[rule], this.#network.exit[rule]);
    }
    return this.#network;
  }

  /** Only rules that are called get states. */
  #entry(rule: number): void {
    const { entry, exit, isExit } = this.#network;
    if (entry[rule] !== undefined) return;
    entry[rule] = this.#state();
    exit[rule] = this.#state();
    isExit.add(exit[rule]);
    this.#pending.push(rule);
  }

  #state(): number {
    if (this.#network.first.length >= mostStates) {
      throw new SkiffError("invalid_input", "Cannot use the grammar: it is too large", {
        hint: "Lower the numbers of repetitions, or the schema's maxLength and maxItems.",
      });
    }
    return this.#network.first.push(-1) - 1;
  }

  #arc(from: number, to: number, kind: number, a = 0, b = 0): void {
    const net = this.#network;
    net.kind.push(kind);
    net.a.push(a);
    net.b.push(b);
    net.target.push(to);
    net.next.push(net.first[from]);
    net.first[from] = net.kind.length - 1;
  }

  /** Adds what leads from one state to the other; never an arc into `from` or out of `to`. */
  #emit(e: Expression, from: number, to: number): void {
    switch (e.kind) {
      case "text":
        return this.#emitBytes([...this.#encoder.encode(e.text)].map((b) => [b, b]), from, to);
      case "set":
        for (const bytes of utf8Sequences(e.set)) this.#emitBytes(bytes, from, to);
        return;
      case "sequence":
        return this.#emitSequence(e.items, from, to);
      case "choice":
        for (const item of e.items) {
          if (isProductive(item, this.#analysis.productive)) this.#emit(item, from, to);
        }
        return;
      case "repeat":
        return this.#emitRepeat(e.item, e.min, e.max, from, to);
      case "rule":
        if (this.#analysis.inlined[e.rule]) return this.#emit(this.#bodies[e.rule]!, from, to);
        this.#entry(e.rule);
        return this.#arc(from, to, arcKinds.call, e.rule);
      case "token":
        return this.#arc(from, to, e.negated ? arcKinds.tokenNot : arcKinds.token, e.token);
    }
  }

  #emitBytes(bytes: [number, number][], from: number, to: number): void {
    if (bytes.length === 0) return this.#arc(from, to, arcKinds.empty);
    bytes.forEach(([low, high], i) => {
      const next = i === bytes.length - 1 ? to : this.#state();
      this.#arc(from, next, arcKinds.byte, low, high);
      from = next;
    });
  }

  #emitSequence(items: Expression[], from: number, to: number): void {
    if (items.length === 0) return this.#arc(from, to, arcKinds.empty);
    items.forEach((item, i) => {
      const next = i === items.length - 1 ? to : this.#state();
      this.#emit(item, from, next);
      from = next;
    });
  }

  #emitRepeat(item: Expression, min: number, max: number, from: number, to: number): void {
    if (!isProductive(item, this.#analysis.productive)) max = 0;
    const copies = max === Infinity ? min + 1 : max;
    if (copies > 1 && copies * this.#weight(item) > copiedWeight) item = this.#asRule(item);
    const start = this.#state();
    this.#arc(from, start, arcKinds.empty);
    let at = start;
    for (let i = 0; i < min; i++) at = this.#emitOne(item, at);
    if (max === Infinity) {
      const loop = this.#state();
      this.#arc(at, loop, arcKinds.empty);
      this.#arc(this.#emitOne(item, loop), loop, arcKinds.empty);
      at = loop;
    } else {
      for (let i = min; i < max; i++) {
        this.#arc(at, to, arcKinds.empty);
        at = this.#emitOne(item, at);
      }
    }
    this.#arc(at, to, arcKinds.empty);
  }

  #emitOne(item: Expression, from: number): number {
    const next = this.#state();
    this.#emit(item, from, next);
    return next;
  }

  #weight(item: Expression): number {
    const { inlined } = this.#analysis;
    const bytes = item.kind === "set" ? utf8Sequences(item.set).length : 1;
    return bytes * expressionWeight(item, (rule) => inlined[rule] ? 4 : 1);
  }

  #asRule(item: Expression): Expression {
    if (item.kind === "rule" && !this.#analysis.inlined[item.rule]) return item;
    const rule = this.#bodies.push(item) - 1;
    this.#analysis.productive.push(true);
    this.#analysis.inlined.push(false);
    return { kind: "rule", rule };
  }
}
