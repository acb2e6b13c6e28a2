/**
 * Regular languages as deterministic automata over code points: for what expressions cannot say, the texts
 * that match all of several patterns, or that match one and not another.
 */
import { anyCodePoint, codePoints, type CodePointSet, intersection } from "./code_points.ts";
import { choice, empty, type Expression, repeat, type Rule, rule, sequence, set } from "./grammar.ts";

export interface RegularLanguage {
  /** State 0 is the start; a language without states is empty. */
  accepting: boolean[];
  /** Disjoint sets; what is in none of them is refused. */
  arcs: { set: CodePointSet; target: number }[][];
}

export class LanguageTooLarge extends Error {}

const mostStates = 20_000;

/** The texts that an expression without rules and tokens matches. */
export function languageOf(expression: Expression): RegularLanguage {
  const nfa = new Nfa();
  const start = nfa.state(), end = nfa.state();
  nfa.add(expression, start, end);
  const ids = new Map<string, number>();
  const sets: number[][] = [];
  const intern = (kernel: number[]) => {
    const states = nfa.closure(kernel);
    const key = states.join();
    let id = ids.get(key);
    if (id === undefined) {
      ids.set(key, id = sets.length);
      sets.push(states);
      if (id > mostStates) throw new LanguageTooLarge();
    }
    return id;
  };
  intern([start]);
  const arcs: RegularLanguage["arcs"] = [];
  for (let id = 0; id < sets.length; id++) {
    const outgoing = sets[id].flatMap((state) => nfa.arcs[state]);
    arcs.push(partition(outgoing).map(({ set, targets }) => ({ set, target: intern(targets) })));
  }
  return trim({ accepting: sets.map((states) => states.includes(end)), arcs });
}

/** All texts of min..max characters. */
export function lengthLanguage(min: number, max: number): RegularLanguage {
  return languageOf(repeat(set(anyCodePoint), min, max));
}

/** The texts of both. */
export function intersect(a: RegularLanguage, b: RegularLanguage): RegularLanguage {
  return product(a, b, (inA, inB) => inA && inB, false);
}

/** The texts of the first that are not in the second. */
export function subtract(a: RegularLanguage, b: RegularLanguage): RegularLanguage {
  return product(a, b, (inA, inB) => inA && !inB, true);
}

export function isEmptyLanguage(language: RegularLanguage): boolean {
  return language.accepting.length === 0;
}

/** Adds a rule for each state; the result matches the language with each set of characters spelled by `spell`. */
export function languageExpression(
  language: RegularLanguage,
  rules: Rule[],
  name: string,
  spell: (characters: Expression) => Expression,
): Expression {
  if (isEmptyLanguage(language)) return choice();
  const base = rules.length;
  language.arcs.forEach((arcs, state) => {
    const items = arcs.map((arc) => sequence(spell(set(arc.set)), rule(base + arc.target)));
    if (language.accepting[state]) items.push(empty);
    rules.push({ name: `${name} (${state})`, body: { kind: "choice", items } });
  });
  return rule(base);
}

/** Pairs of states; `open`: the second may have refused already (-1). */
function product(
  a: RegularLanguage,
  b: RegularLanguage,
  accepts: (inA: boolean, inB: boolean) => boolean,
  open: boolean,
): RegularLanguage {
  if (isEmptyLanguage(a)) return a;
  const ids = new Map<string, number>();
  const pairs: [number, number][] = [];
  const intern = (x: number, y: number) => {
    const key = `${x},${y}`;
    let id = ids.get(key);
    if (id === undefined) {
      ids.set(key, id = pairs.length);
      pairs.push([x, y]);
      if (id > mostStates) throw new LanguageTooLarge();
    }
    return id;
  };
  intern(0, isEmptyLanguage(b) ? -1 : 0);
  const arcs: RegularLanguage["arcs"] = [];
  for (let id = 0; id < pairs.length; id++) {
    const [x, y] = pairs[id];
    const right = y < 0 ? [] : b.arcs[y];
    const list: { set: CodePointSet; target: number }[] = [];
    for (const { set, target } of a.arcs[x]) {
      let rest = set;
      for (const other of right) {
        const common = intersection(set, other.set);
        if (common.length === 0) continue;
        list.push({ set: common, target: intern(target, other.target) });
        rest = intersection(rest, complementWithin(common));
      }
      if (open && rest.length > 0) list.push({ set: rest, target: intern(target, -1) });
    }
    arcs.push(list);
  }
  const accepting = pairs.map(([x, y]) => accepts(a.accepting[x], y >= 0 && b.accepting[y]));
  return trim({ accepting, arcs });
}

function complementWithin(set: CodePointSet): CodePointSet {
  const result: CodePointSet = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) result.push([next, first - 1]);
    next = last + 1;
  }
  result.push([next, 0x10ffff]);
  return codePoints(result);
}

/** Drops states from which no text is accepted; the start stays first. */
function trim({ accepting, arcs }: RegularLanguage): RegularLanguage {
  const useful = [...accepting];
  const sources = accepting.map((): number[] => []);
  arcs.forEach((list, state) => list.forEach(({ target }) => sources[target].push(state)));
  const pending = [...useful.keys()].filter((state) => useful[state]);
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    for (const source of sources[state]) {
      if (useful[source]) continue;
      useful[source] = true;
      pending.push(source);
    }
  }
  if (!useful[0]) return { accepting: [], arcs: [] };
  const kept = [...useful.keys()].filter((state) => useful[state]);
  const renamed = new Map(kept.map((state, i) => [state, i]));
  return {
    accepting: kept.map((state) => accepting[state]),
    arcs: kept.map((state) => joinArcs(arcs[state].filter(({ target }) => useful[target]), renamed)),
  };
}

/** One arc for each target. */
function joinArcs(arcs: { set: CodePointSet; target: number }[], renamed: Map<number, number>) {
  const byTarget = new Map<number, [number, number][]>();
  for (const { set, target } of arcs) {
    const id = renamed.get(target)!;
    byTarget.set(id, [...(byTarget.get(id) ?? []), ...set]);
  }
  return [...byTarget].map(([target, ranges]) => ({
    set: codePoints(ranges.map(([first, last]) => [first, last])),
    target,
  }));
}

/** Splits overlapping sets; each piece with all its targets. */
function partition(
  arcs: { set: CodePointSet; target: number }[],
): { set: CodePointSet; targets: number[] }[] {
  const borders = new Set<number>();
  for (const { set } of arcs) for (const [first, last] of set) borders.add(first).add(last + 1);
  const points = [...borders].sort((x, y) => x - y);
  const pieces = new Map<string, { ranges: [number, number][]; targets: number[] }>();
  for (let i = 0; i + 1 < points.length; i++) {
    const targets = arcs.filter(({ set }) => set.some(([a, b]) => a <= points[i] && points[i] <= b))
      .map(({ target }) => target).sort((x, y) => x - y);
    if (targets.length === 0) continue;
    const key = targets.join();
    const piece = pieces.get(key) ?? { ranges: [], targets };
    piece.ranges.push([points[i], points[i + 1] - 1]);
    pieces.set(key, piece);
  }
  return [...pieces.values()].map(({ ranges, targets }) => ({ set: codePoints(ranges), targets }));
}

class Nfa {
  readonly arcs: { set: CodePointSet; target: number }[][] = [];
  readonly #empty: number[][] = [];

  state(): number {
    if (this.arcs.length > 20 * mostStates) throw new LanguageTooLarge();
    this.#empty.push([]);
    return this.arcs.push([]) - 1;
  }

  add(e: Expression, from: number, to: number): void {
    switch (e.kind) {
      case "text":
        return this.#chain([...e.text].map((c) => set([[c.codePointAt(0)!, c.codePointAt(0)!]])), from, to);
      case "set":
        if (e.set.length > 0) this.arcs[from].push({ set: e.set, target: to });
        return;
      case "sequence":
        return this.#chain(e.items, from, to);
      case "choice":
        for (const item of e.items) this.add(item, from, to);
        return;
      case "repeat":
        return this.#repeat(e.item, e.min, e.max, from, to);
      case "rule":
      case "token":
        throw new TypeError(`A ${e.kind} is not regular`);
    }
  }

  /** The states with arcs, or without any way on, that empty arcs lead to. */
  closure(kernel: number[]): number[] {
    const seen = new Set(kernel);
    for (const state of seen) for (const next of this.#empty[state]) seen.add(next);
    return [...seen].filter((s) => this.arcs[s].length > 0 || this.#empty[s].length === 0).sort((x, y) =>
      x - y
    );
  }

  #chain(items: Expression[], from: number, to: number): void {
    let at = from;
    for (const item of items) {
      const next = this.state();
      this.add(item, at, next);
      at = next;
    }
    this.#empty[at].push(to);
  }

  #repeat(item: Expression, min: number, max: number, from: number, to: number): void {
    let at = this.state();
    this.#empty[from].push(at);
    const one = () => {
      const next = this.state();
      this.add(item, at, next);
      at = next;
    };
    for (let i = 0; i < min; i++) one();
    if (max === Infinity) {
      const loop = this.state();
      this.#empty[at].push(loop);
      at = loop;
      one();
      this.#empty[at].push(loop);
      at = loop;
    } else {
      for (let i = min; i < max; i++) {
        this.#empty[at].push(to);
        one();
      }
    }
    this.#empty[at].push(to);
  }
}
