/** What must be known of a grammar's rules before an automaton can be made of them. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import type { Expression, Grammar } from "./grammar.ts";

export interface GrammarAnalysis {
  /** Rules that match at least one text; the others are left out wherever a choice allows it. */
  productive: boolean[];
  /** Rules to copy into their users instead of calling: small, and not recursive. */
  inlined: boolean[];
}

/** Character positions up to which a rule is copied. Larger ones are called, so that masks are shared. */
const inlineWeight = 16;
/** Chains of rules are followed so far only: automata come as thousands of rules, each referring to the next. */
const deepestInlined = 32;

/**
 * Checks that the grammar matches something and has no left recursion.
 * @throws SkiffError "invalid_input" naming the rule.
 */
export function analyse(grammar: Grammar): GrammarAnalysis {
  refuseLeftRecursion(grammar, fixpoint(grammar, isNullable));
  const productive = fixpoint(grammar, isProductive);
  if (!productive[grammar.root]) {
    throw new SkiffError("invalid_input", "Cannot use the grammar: no finite text matches it", {
      hint: "Give every recursive rule an alternative that ends.",
    });
  }
  return { productive, inlined: chooseInlined(grammar) };
}

export function isProductive(e: Expression, productive: boolean[]): boolean {
  switch (e.kind) {
    case "text":
    case "token":
      return true;
    case "set":
      return e.set.length > 0;
    case "sequence":
      return e.items.every((item) => isProductive(item, productive));
    case "choice":
      return e.items.some((item) => isProductive(item, productive));
    case "repeat":
      return e.min === 0 || isProductive(e.item, productive);
    case "rule":
      return productive[e.rule];
  }
}

function isNullable(e: Expression, nullable: boolean[]): boolean {
  switch (e.kind) {
    case "text":
      return e.text === "";
    case "token":
    case "set":
      return false;
    case "sequence":
      return e.items.every((item) => isNullable(item, nullable));
    case "choice":
      return e.items.some((item) => isNullable(item, nullable));
    case "repeat":
      return e.min === 0 || isNullable(e.item, nullable);
    case "rule":
      return nullable[e.rule];
  }
}

function fixpoint(grammar: Grammar, holds: (e: Expression, known: boolean[]) => boolean): boolean[] {
  const known = grammar.rules.map(() => false);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = grammar.rules.length - 1; i >= 0; i--) { // rules mostly refer to later ones
      if (known[i] || !holds(grammar.rules[i].body, known)) continue;
      known[i] = true;
      changed = true;
    }
  }
  return known;
}

function refuseLeftRecursion(grammar: Grammar, nullable: boolean[]): void {
  const state = new Uint8Array(grammar.rules.length); // 1 = on the way, 2 = done
  const visit = (index: number) => {
    if (state[index] === 2) return;
    if (state[index] === 1) {
      throw new SkiffError(
        "invalid_input",
        `Cannot use the grammar: the rule "${grammar.rules[index].name}" begins with itself (left recursion)`,
        { hint: "Write the recursion on the right, or as a repetition." },
      );
    }
    state[index] = 1;
    for (const next of leftmost(grammar.rules[index].body, nullable, new Set())) visit(next);
    state[index] = 2;
  };
  grammar.rules.forEach((_, i) => visit(i));
}

/** The rules that may stand where the expression begins. */
function leftmost(e: Expression, nullable: boolean[], found: Set<number>): Set<number> {
  if (e.kind === "rule") found.add(e.rule);
  else if (e.kind === "repeat" && e.max > 0) leftmost(e.item, nullable, found);
  else if (e.kind === "choice") { for (const item of e.items) leftmost(item, nullable, found); }
  else if (e.kind === "sequence") {
    for (const item of e.items) {
      leftmost(item, nullable, found);
      if (!isNullable(item, nullable)) break;
    }
  }
  return found;
}

function chooseInlined(grammar: Grammar): boolean[] {
  const inlined = grammar.rules.map(() => false);
  const weights: (number | undefined)[] = grammar.rules.map(() => undefined);
  const weigh = (index: number, depth: number): number => {
    if (weights[index] !== undefined) return weights[index];
    if (depth > deepestInlined) return Infinity;
    weights[index] = Infinity; // while on the way: a rule that reaches itself is recursive
    const weight = expressionWeight(grammar.rules[index].body, (rule) => weigh(rule, depth + 1));
    weights[index] = weight;
    inlined[index] = weight <= inlineWeight;
    return weight;
  };
  grammar.rules.forEach((_, i) => weigh(i, 0));
  return inlined;
}

/** About how many character positions the expression has, with the rules it refers to spelled out. */
export function expressionWeight(e: Expression, ruleWeight: (rule: number) => number): number {
  switch (e.kind) {
    case "text":
      return e.text.length;
    case "token":
    case "set":
      return 1;
    case "sequence":
    case "choice":
      return e.items.reduce((sum, item) => sum + expressionWeight(item, ruleWeight), 0);
    case "repeat": {
      const copies = Math.max(1, e.max === Infinity ? e.min : e.max);
      return copies * expressionWeight(e.item, ruleWeight);
    }
    case "rule":
      return ruleWeight(e.rule);
  }
}
