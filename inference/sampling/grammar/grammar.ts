/**
 * A context-free grammar over Unicode text, as data: what the GBNF parser and the JSON Schema converter
 * produce, and what the automaton is built from.
 */
import type { CodePointSet } from "./code_points.ts";

export type Expression =
  | { kind: "text"; text: string }
  | { kind: "set"; set: CodePointSet }
  | { kind: "sequence"; items: Expression[] }
  | { kind: "choice"; items: Expression[] }
  | { kind: "repeat"; item: Expression; min: number; max: number } // max may be Infinity
  | { kind: "rule"; rule: number }
  | { kind: "token"; token: number; negated: boolean };

export interface Rule {
  /** For messages. */
  name: string;
  body: Expression;
}

/** Rules refer to one another by their index. */
export interface Grammar {
  rules: Rule[];
  root: number;
}

export function text(text: string): Expression {
  return { kind: "text", text };
}

export function set(set: CodePointSet): Expression {
  return { kind: "set", set };
}

export function sequence(...items: Expression[]): Expression {
  return items.length === 1 ? items[0] : { kind: "sequence", items };
}

export function choice(...items: Expression[]): Expression {
  return items.length === 1 ? items[0] : { kind: "choice", items };
}

export function repeat(item: Expression, min: number, max = Infinity): Expression {
  return min === 1 && max === 1 ? item : { kind: "repeat", item, min, max };
}

export function optional(item: Expression): Expression {
  return repeat(item, 0, 1);
}

export function rule(index: number): Expression {
  return { kind: "rule", rule: index };
}

export const empty: Expression = { kind: "sequence", items: [] };

/** Matches no text at all. */
export const nothing: Expression = { kind: "choice", items: [] };
