/**
 * Runs a parsed chat template. The parser and the control flow are those of @huggingface/jinja; what differs
 * from Python there (string methods with arguments, filters, printing of values, dicts in loops) is replaced,
 * comparisons look through the marks on what a user wrote (marks.ts), and the work is limited, because
 * templates come with models from anywhere.
 */
import { type Environment, Interpreter } from "@huggingface/jinja";
import { applyFilter, applyTest, dictMethod, items, listMethod } from "./filters.ts";
import { plain } from "./marks.ts";
import { stringMethod } from "./string_methods.ts";
import {
  array,
  boolean,
  callable,
  contains,
  equal,
  integer,
  isArray,
  isObject,
  isString,
  isUndefined,
  type Keywords,
  object,
  string,
  toText,
  undefinedValue,
  type Value,
} from "./values.ts";

// deno-lint-ignore no-explicit-any
type Node = any;

const maxSteps = 20_000_000;
/** What an item of a loop costs beside the statements inside it. */
const stepsPerItem = 20;
const maxLength = 64 * 1024 * 1024;

/** The library's methods that are overridden; its types call them private. */
interface Overridable {
  run(program: unknown): Value;
  evaluate(node: Node, environment: Environment): Value;
  evaluateArguments(args: Node[], environment: Environment): [Value[], Keywords];
  evaluateBinaryExpression(node: Node, environment: Environment): Value;
  evaluateMemberExpression(node: Node, environment: Environment): Value;
  evaluateFor(node: Node, environment: Environment): Value;
}

const Base = Interpreter as unknown as new (environment: Environment) => Overridable;

/** A node that is a value already, to hand evaluated operands to the library's own code. */
const evaluated = (value: Value): Node => ({ type: "Evaluated", evaluated: value });

/** Statements that give nothing to print, though they evaluate to none. */
const silent = new Set(["Set", "Macro", "Comment", "Break", "Continue"]);

/** The template was stopped because it took too much. */
export class EndlessTemplate extends Error {}

export class TemplateInterpreter extends Base {
  #steps = 0;

  override evaluate(node: Node, environment: Environment): Value {
    this.#spend(1);
    if (node?.type === "Evaluated") return node.evaluated;
    if (node?.type === "ObjectLiteral") return this.#dict(node, environment);
    return super.evaluate(node, environment);
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > maxSteps) throw new EndlessTemplate("The template does not come to an end");
  }

  #dict(node: Node, environment: Environment): Value {
    const entries = new Map();
    for (const [key, item] of node.value) {
      const name = this.evaluate(key, environment);
      entries.set(isString(name) ? plain(name.value) : name.value, this.evaluate(item, environment));
    }
    return object(entries);
  }

  evaluateBlock(statements: Node[], environment: Environment): Value {
    let text = "";
    for (const statement of statements) {
      const value = this.evaluate(statement, environment);
      if (!silent.has(statement.type)) text += toText(value);
      if (text.length > maxLength) throw new EndlessTemplate("The template writes without end");
    }
    return string(text);
  }

  override evaluateBinaryExpression(node: Node, environment: Environment): Value {
    const operator: string = node.operator.value;
    if (operator === "and" || operator === "or") return super.evaluateBinaryExpression(node, environment);
    const left = this.evaluate(node.left, environment);
    const right = this.evaluate(node.right, environment);
    switch (operator) {
      case "==":
        return boolean(equal(left, right));
      case "!=":
        return boolean(!equal(left, right));
      case "in":
        return boolean(contains(right, left));
      case "not in":
        return boolean(!contains(right, left));
      case "~":
        return string(toText(left) + toText(right));
      case "+":
        // what is missing counts as nothing: tools often come without descriptions
        if (isString(left) && (isString(right) || isUndefined(right))) {
          return string(left.value + toText(right));
        }
        if (isUndefined(left) && isString(right)) return right;
        break;
      case "*":
        if (isString(left) && right.type === "IntegerValue") return string(repeated(left.value, right.value));
        break;
      case "%":
        if (right.type === "IntegerValue" && left.type === "IntegerValue") {
          return integer(((left.value % right.value) + right.value) % right.value);
        }
    }
    return super.evaluateBinaryExpression(
      { ...node, left: evaluated(left), right: evaluated(right) },
      environment,
    );
  }

  applyFilter(operand: Value, filter: Node, environment: Environment): Value {
    const isCall = filter.type === "CallExpression";
    const [args, keywords] = isCall ? this.evaluateArguments(filter.args, environment) : [[], new Map()];
    return applyFilter(isCall ? filter.callee.value : filter.value, operand, args, keywords);
  }

  evaluateTestExpression(node: Node, environment: Environment): Value {
    const result = applyTest(node.test.value, this.evaluate(node.operand, environment));
    return boolean(result !== Boolean(node.negate));
  }

  override evaluateMemberExpression(node: Node, environment: Environment): Value {
    const target = this.evaluate(node.object, environment);
    if (node.computed && node.property.type === "SliceExpression") {
      return super.evaluateMemberExpression({ ...node, object: evaluated(target) }, environment);
    }
    const property = node.computed ? this.evaluate(node.property, environment) : undefined;
    if (property && !isString(property)) return element(target, property);
    return member(target, property ? plain(property.value) : node.property.value, node.computed);
  }

  override evaluateFor(node: Node, environment: Environment): Value {
    const select = node.iterable.type === "SelectExpression" ? node.iterable : undefined;
    const iterable = this.evaluate(select?.lhs ?? node.iterable, environment);
    // the library unpacks arrays only, not tuples
    const each = items(iterable).map((item) => item.type === "TupleValue" ? array(item.value) : item);
    this.#spend(each.length * stepsPerItem);
    const source = evaluated(array(each));
    return super.evaluateFor(
      { ...node, iterable: select ? { ...select, lhs: source } : source },
      environment,
    );
  }
}

function repeated(text: string, times: number): string {
  if (text.length * times > maxLength) throw new Error("The template writes without end");
  return text.repeat(Math.max(0, times));
}

/** `target[2]`, `target[-1]`. */
function element(target: Value, index: Value): Value {
  if (isArray(target)) return target.value.at(index.value) ?? undefinedValue();
  if (isString(target)) {
    const char = Array.from(target.value as string).at(index.value);
    return char === undefined ? undefinedValue() : string(char);
  }
  return (target.value instanceof Map && target.value.get(index.value)) || undefinedValue();
}

/** `target.name` or `target["name"]`; a dict's methods go before its keys in the first form, as in Jinja. */
function member(target: Value, name: string, computed: boolean): Value {
  if (target.value instanceof Map) {
    const dict = target.value as Map<string, Value>;
    const method = isObject(target) && (!computed || !dict.has(name)) ? dictMethod(dict, name) : undefined;
    return method ? callable(method) : dict.get(name) ?? undefinedValue();
  }
  if (isArray(target)) {
    const method = listMethod(target.value, name);
    return method ? callable(method) : undefinedValue();
  }
  return (isString(target) && stringMethod(target.value, name)) || undefinedValue();
}
