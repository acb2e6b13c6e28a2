/** A model's Jinja chat template: compiled once, run for each conversation. */
import { Environment, parse, tokenize } from "@huggingface/jinja";
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { plain } from "./marks.ts";
import { EndlessTemplate, TemplateInterpreter } from "./interpreter.ts";
import { array, callable, integer, none, object, string, toText, toValue, type Value } from "./values.ts";

export interface ChatTemplate {
  readonly source: string;
  /**
   * The text for these variables, with marks on what came from them (marks.ts).
   * Throws `SkiffError` "invalid_input" with the template's own words when it refuses or fails, "unsupported"
   * when it does not come to an end.
   */
  run(variables: Record<string, unknown>): string;
}

/** Throws `SkiffError` "unsupported" when the template is not Jinja that we understand. */
export function compileTemplate(source: string): ChatTemplate {
  const text = source.toWellFormed();
  let program: unknown;
  try {
    program = parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }));
  } catch (error) {
    throw new SkiffError("unsupported", `The model's chat template cannot be read: ${reason(error)}`, {
      hint: "Use the completions route, or give another template.",
      cause: error,
    });
  }
  return { source: text, run: (variables) => run(program, variables) };
}

function run(program: unknown, variables: Record<string, unknown>): string {
  const environment = new Environment();
  const put = (name: string, value: Value) => environment.variables.set(name, value as never);
  for (const [name, value] of Object.entries(globals())) put(name, value);
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined) put(name, toValue(value));
  }
  try {
    return toText(new TemplateInterpreter(environment).run(program));
  } catch (error) {
    const code = error instanceof EndlessTemplate ? "unsupported" : "invalid_input";
    throw new SkiffError(code, refusal(error), { cause: error });
  }
}

/** `raise_exception` of a template. */
class TemplateRefusal extends Error {}

const reason = (error: unknown) => error instanceof Error ? error.message : String(error);

function refusal(error: unknown): string {
  if (error instanceof TemplateRefusal) return error.message;
  return `The model's chat template failed on this conversation: ${plain(reason(error))}`;
}

const longestRange = 10_000;

function globals(): Record<string, Value> {
  const constants = { true: true, True: true, false: false, False: false, none: null, None: null };
  const values = Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, toValue(value)]));
  return {
    ...values,
    raise_exception: callable(([message]) => {
      throw new TemplateRefusal(plain(toText(message ?? none())));
    }),
    strftime_now: callable(([format]) => string(strftime(plain(toText(format)), new Date()))),
    range: callable((args) => array(range(args.map((arg) => arg.value)).map(integer))),
    dict: callable((_, keywords) => object(new Map(keywords))),
  };
}

function range(args: number[]): number[] {
  const [start, stop, step] = args.length === 1 ? [0, args[0], 1] : [args[0], args[1], args[2] ?? 1];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= longestRange)) throw new Error(`range() of ${length} numbers is too long`);
  return Array.from({ length }, (_, i) => start + i * step);
}

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = "January February March April May June July August September October November December".split(
  " ",
);

/** Local time in Python's `strftime` notation, in English. */
export function strftime(format: string, date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const year = date.getFullYear(), hour = date.getHours();
  const fields: Record<string, string> = {
    "%": "%",
    a: days[date.getDay()].slice(0, 3),
    A: days[date.getDay()],
    b: months[date.getMonth()].slice(0, 3),
    B: months[date.getMonth()],
    d: two(date.getDate()),
    e: String(date.getDate()).padStart(2),
    H: two(hour),
    I: two(hour % 12 || 12),
    j: String(
      Math.round((Date.UTC(year, date.getMonth(), date.getDate()) - Date.UTC(year, 0, 0)) / 86_400_000),
    )
      .padStart(3, "0"),
    m: two(date.getMonth() + 1),
    M: two(date.getMinutes()),
    p: hour < 12 ? "AM" : "PM",
    S: two(date.getSeconds()),
    y: two(year % 100),
    Y: String(year),
    F: `${year}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    T: `${two(hour)}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
  return format.replace(/%(-?)([a-zA-Z%])/g, (all, bare, letter) => {
    const field = fields[letter];
    return field === undefined ? all : bare ? field.replace(/^[0 ](?=.)/, "") : field;
  });
}
