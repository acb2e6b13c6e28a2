/** Expressions as trees: an operator-precedence parser, whose rules for what stands side by side are yq's. */
import { SkiffError } from "../errors/skiff_error.ts";
import { syntaxError } from "./failure.ts";
import { intNode } from "./node.ts";
import {
  type Expression,
  expression,
  type Operation,
  operation,
  type OperationName,
  shapeOf,
} from "./operations.ts";
import { type Bracket, type Token, tokensOf } from "./tokens.ts";

/** The tree of an expression; undefined for one that says nothing. Throws "invalid_input" with the place. */
export function parse(text: string): Expression | undefined {
  return treeOf(text, postfix(text, completed(tokensOf(text))));
}

/** The tokens with what is only implied: `.[` is a step, `[:2]` begins at 0, a path behind a list goes on from it. */
function completed(tokens: Token[]): Token[] {
  const result: Token[] = [];
  const implied = (name: OperationName, at: number, options = {}, word?: string) =>
    result.push(plain(operation(name, options, word, at)));
  for (let i = 0; i < tokens.length; i++) {
    let token = tokens[i];
    const next: Token | undefined = tokens[i + 1];
    if (token.bracket === ".[") {
      implied("self", token.at);
      implied("traverse_array", token.at);
      token = { word: token.word, at: token.at, bracket: "[", traversable: false };
    }
    if (nameOf(token) === "map_entry" && beginsSlice(tokens, i)) {
      implied("value", token.at, { node: intNode(0) });
    }
    if (token.assigning && nameOf(next) === "assign") {
      const update = next.operation!.options.update;
      token = { ...token, operation: operation(token.assigning, { update }, token.word, token.at) };
      i++;
      result.push(token);
    } else {
      result.push(token);
      impliedBehind(token, next, implied);
    }
  }
  return result;
}

function impliedBehind(
  token: Token,
  next: Token | undefined,
  implied: (name: OperationName, at: number) => void,
): void {
  if (!next) return;
  if (nameOf(token) === "map_entry" && next.bracket === "]") implied("length", next.at);
  if (token.bracket === "[" && next.bracket === "]" || token.bracket === "{" && next.bracket === "}") {
    implied("empty", next.at);
  }
  if (!token.traversable) return;
  if (nameOf(next) === "traverse" || next.bracket === ".[") implied("short_pipe", next.at);
  if (next.bracket === "[") implied("traverse_array", next.at);
}

function plain(operation: Operation): Token {
  return { word: operation.word, at: operation.at, operation, traversable: false };
}

function nameOf(token: Token | undefined): OperationName | undefined {
  return token?.operation?.name;
}

/** `:` right behind the bracket of a step. */
function beginsSlice(tokens: Token[], i: number): boolean {
  if (tokens[i - 1]?.bracket === ".[") return true;
  const before = tokens[i - 2];
  return tokens[i - 1]?.bracket === "[" && before !== undefined &&
    (before.operation !== undefined || before.bracket === "]" || before.bracket === "}");
}

/** An open bracket with the word of its `if` that was read last. */
interface Open {
  token: Token;
  stage?: string;
}

const closing: Record<string, Bracket> = { ")": "(", "]": "[", "}": "{" };

/** Operations in the order in which they are applied. */
function postfix(text: string, tokens: Token[]): Operation[] {
  const result: Operation[] = [];
  const stack: Open[] = [];
  const lastStage = () => stack.findLast(({ token }) => token.bracket);
  for (const token of tokens) {
    if (token.bracket === "(" || token.bracket === "[" || token.bracket === "{") {
      stack.push({ token, stage: token.word === "if" ? "if" : undefined });
    } else if (token.bracket) {
      close(text, token, stack, result);
    } else {
      const operation = token.operation!;
      if (operation.name === "if_then" || operation.name === "if_else") {
        nextStage(text, token, lastStage());
      }
      const { binds } = shapeOf(operation.name);
      for (;;) {
        const top = stack.at(-1)?.token.operation;
        if (!top || shapeOf(top.name).binds <= binds) break;
        result.push(stack.pop()!.token.operation!);
      }
      stack.push({ token });
    }
  }
  for (const { token } of stack.toReversed()) {
    if (token.bracket) throw unclosed(text, token);
    result.push(token.operation!);
  }
  return result;
}

function close(text: string, token: Token, stack: Open[], result: Operation[]): void {
  const opening = closing[token.bracket!];
  for (;;) {
    const top = stack.at(-1)?.token;
    if (!top) throw syntaxError(text, token.at, `\`${token.word}\` closes nothing`);
    if (top.bracket === opening) break;
    if (top.bracket) throw unclosed(text, top);
    result.push(stack.pop()!.token.operation!);
  }
  const open = stack.pop()!;
  if (opening === "(") return checkEnd(text, open, token);
  result.push(operation(opening === "[" ? "collect" : "collect_object", {}, token.word, token.at));
  if (opening === "{") result.push(operation("short_pipe", {}, token.word, token.at));
  const before = stack.at(-1)?.token.operation;
  if (before?.name === "traverse_array") {
    before.options = { optional: token.word.endsWith("?") };
    result.push(stack.pop()!.token.operation!);
  }
}

function unclosed(text: string, { word, at }: Token): Error {
  return syntaxError(text, at, `\`${word}\` is not closed`);
}

/** `if` … `then` … (`elif` … `then` …)* (`else` …)? `end`. */
function nextStage(text: string, token: Token, open: Open | undefined): void {
  const { word, at } = token;
  if (!open?.stage) throw syntaxError(text, at, `\`${word}\` stands in no \`if\``);
  const fits = word === "then" ? open.stage === "if" || open.stage === "elif" : open.stage === "then";
  if (!fits) throw syntaxError(text, at, `\`${word}\` must not follow \`${open.stage}\``);
  open.stage = word;
}

function checkEnd(text: string, open: Open, token: Token): void {
  const ends = token.word === "end";
  if (!open.stage && !ends) return;
  if (!open.stage) throw syntaxError(text, token.at, "`end` without `if`");
  if (!ends) throw unclosed(text, open.token);
  if (open.stage !== "then" && open.stage !== "else") {
    throw syntaxError(text, token.at, `\`${open.stage}\` must be followed by \`then\``);
  }
}

function treeOf(text: string, operations: Operation[]): Expression | undefined {
  const stack: Expression[] = [];
  for (const operation of operations) {
    const { takes } = shapeOf(operation.name);
    if (takes > stack.length && !(operation.name === "first" && takes === 1)) {
      const given = stack.length === 0 ? "none is there" : "one is there";
      const wanted = takes === 1 ? "an expression" : "two expressions";
      throw syntaxError(text, operation.at, `\`${operation.word}\` takes ${wanted}, and ${given}`);
    }
    const right = takes > 0 ? stack.pop() : undefined;
    const left = takes > 1 ? stack.pop() : undefined;
    stack.push(expression(operation, left, right));
  }
  if (stack.length > 1) {
    const [, second] = stack.map(firstOf).sort((a, b) => a.at - b.at);
    throw syntaxError(text, second.at, `an operator is missing before \`${second.word}\``);
  }
  return stack[0];
}

/** The operation that was written first. */
function firstOf(tree: Expression): Operation {
  const all = [tree.operation, tree.left && firstOf(tree.left), tree.right && firstOf(tree.right)];
  return all.filter((one) => one !== undefined).reduce((a, b) => b.at < a.at ? b : a);
}

const parsed = new Map<string, Expression | undefined>();

/** As `parse`, of an expression within another one, which is evaluated again and again. */
export function parseInner(text: string): Expression | undefined {
  if (!parsed.has(text)) {
    try {
      parsed.set(text, parse(text));
    } catch (error) {
      if (!(error instanceof SkiffError)) throw error;
      const { code, message, hint } = error;
      throw new SkiffError(code, message.replace("yq: ", `yq: in \`${text}\`: `), { hint });
    }
  }
  return parsed.get(text);
}
