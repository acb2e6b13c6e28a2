/**
 * The `{{path | function}}` texts of catalogs: a path is dug out of the user's values, functions shape what is
 * found. A text that is one template keeps the type of its value, so a list gives several arguments.
 */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

/** Dots would end a step of a path, so names lose them in templates and in config.yaml. */
export function canonicalName(server: string): string {
  return server.replaceAll(".", "_");
}

/** What templates of a server are resolved against: `{<server>: values}`. */
export function templateValues(server: string, values: Record<string, unknown>): Record<string, unknown> {
  return { [canonicalName(server)]: values };
}

/**
 * The value of a text with templates. Without one the text itself; a missing path is "". Throws
 * "invalid_input" for a function that there is not.
 */
export function resolveTemplate(text: string, values: Record<string, unknown>): unknown {
  const whole = /^\s*\{\{([^{}]*)\}\}\s*$/.exec(text);
  if (whole) return evaluate(whole[1], values) ?? "";
  return text.replace(/\{\{([^{}]*)\}\}/g, (_, expression) => asText(evaluate(expression, values)));
}

/** As text: lists with spaces between, objects as JSON. */
export function resolveText(text: string, values: Record<string, unknown>): string {
  return asText(resolveTemplate(text, values));
}

/** Several texts, for commands and volumes: a list gives as many results, "" none when `dropEmpty`. */
export function resolveList(
  texts: string[],
  values: Record<string, unknown>,
  { dropEmpty = false }: { dropEmpty?: boolean } = {},
): string[] {
  return texts.flatMap((text) => {
    const value = resolveTemplate(text, values);
    const results = Array.isArray(value) ? value.map(asText) : [asText(value)];
    return dropEmpty ? results.filter((result) => result !== "") : results;
  });
}

function evaluate(expression: string, values: Record<string, unknown>): unknown {
  const [path, ...calls] = expression.split("|").map((part) => part.trim());
  return calls.reduce((value, call) => apply(call, value), dig(values, path));
}

function dig(values: unknown, path: string): unknown {
  let at = values;
  for (const step of path.split(".")) {
    if (at === null || typeof at !== "object" || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

const isEmpty = (value: unknown) =>
  value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);

/** A function of a template; the argument is what follows the first colon. */
function apply(call: string, value: unknown): unknown {
  const colon = call.indexOf(":");
  const name = colon < 0 ? call : call.slice(0, colon);
  const argument = colon < 0 ? "" : call.slice(colon + 1).trim();
  switch (name.trim()) {
    case "or":
      return isEmpty(value) ? defaultOf(argument) : value;
    case "volume":
      return each(value, (path) => `${path}:${volumeTarget(path)}`);
    case "volume-target":
      return each(value, volumeTarget);
    case "into":
      return isEmpty(value) ? [] : Array.isArray(value) ? value : [value];
    case "first":
      return Array.isArray(value) ? value[0] : value;
    case "last":
      return Array.isArray(value) ? value.at(-1) : value;
    case "mount_as": {
      const first = Array.isArray(value) ? value[0] : value;
      return isEmpty(first) ? "" : `${asText(first)}:${argument}`;
    }
    default:
      throw new SkiffError("invalid_input", `A template uses the function "${name}", which there is not`, {
        hint: "Functions: volume, volume-target, into, first, last, or:DEFAULT, mount_as:PATH.",
      });
  }
}

function defaultOf(argument: string): unknown {
  const list = /^\[(.*)\]$/.exec(argument);
  return list ? list[1].split(",").map((item) => item.trim()).filter((item) => item !== "") : argument;
}

function each(value: unknown, fn: (text: string) => string): unknown {
  if (isEmpty(value)) return Array.isArray(value) ? [] : "";
  return Array.isArray(value) ? value.map((item) => fn(asText(item))) : fn(asText(value));
}

/** Where a folder of the host appears in the container: the same path, of Windows `/c/Users/me`. */
function volumeTarget(path: string): string {
  const windows = /^([A-Za-z]):[\\/](.*)$/.exec(path);
  return windows ? `/${windows[1].toLowerCase()}/${windows[2].replaceAll("\\", "/")}` : path;
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(asText).join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
