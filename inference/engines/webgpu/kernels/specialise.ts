/**
 * WGSL out of a template: constants put in, loops unrolled, branches chosen. Drivers see neither arrays that are
 * indexed by loop counters nor loops whose bounds they would guard, which keeps accumulators in registers.
 *
 *     //#include name         the text of a part, itself a template
 *     //#if NAME  //#if !NAME  //#if NAME == value      //#else      //#end
 *     //#for r in ROWS        r = 0 … ROWS-1             //#end
 *     $NAME                   the value of a constant or loop variable; $(A * B + 1) whole-number arithmetic
 */

export type Constants = Readonly<Record<string, number | boolean | string>>;

interface Cursor {
  lines: string[];
  at: number;
}

/** The WGSL text. Throws a RangeError that names the line when a directive or a constant is wrong. */
export function specialise(
  template: string,
  constants: Constants,
  parts: Readonly<Record<string, string>> = {},
): string {
  const cursor = { lines: expandIncludes(template, parts).split("\n"), at: 0 };
  const out: string[] = [];
  emitBlock(cursor, { ...constants }, out, true);
  if (cursor.at < cursor.lines.length) throw new RangeError(`Stray "${cursor.lines[cursor.at]}"`);
  return out.join("\n");
}

function expandIncludes(text: string, parts: Readonly<Record<string, string>>): string {
  return text.replaceAll(/^[ \t]*\/\/#include (\w+)[ \t]*$/gm, (_, name) => {
    if (parts[name] === undefined) throw new RangeError(`No part "${name}" to include`);
    return expandIncludes(parts[name].trimEnd(), parts);
  });
}

/** Emits lines up to the `//#else` or `//#end` that closes the block, and stops there. */
function emitBlock(cursor: Cursor, scope: Record<string, unknown>, out: string[], active: boolean): void {
  while (cursor.at < cursor.lines.length) {
    const line = cursor.lines[cursor.at];
    const directive = /^\s*\/\/#(\w+)\s*(.*?)\s*$/.exec(line);
    if (directive === null) {
      cursor.at++;
      if (active) out.push(substitute(line, scope));
      continue;
    }
    const [, word, rest] = directive;
    if (word === "else" || word === "end") return;
    cursor.at++;
    if (word === "if") emitBranch(cursor, scope, out, active, rest);
    else if (word === "for") emitLoop(cursor, scope, out, active, rest);
    else throw new RangeError(`Unknown directive "${line.trim()}"`);
  }
}

function emitBranch(
  cursor: Cursor,
  scope: Record<string, unknown>,
  out: string[],
  active: boolean,
  condition: string,
): void {
  const holds = active && evaluate(condition, scope);
  emitBlock(cursor, scope, out, active && holds);
  if (close(cursor) === "else") {
    emitBlock(cursor, scope, out, active && !holds);
    close(cursor);
  }
}

function emitLoop(
  cursor: Cursor,
  scope: Record<string, unknown>,
  out: string[],
  active: boolean,
  header: string,
): void {
  const [, variable, bound] = /^(\w+) in (.+)$/.exec(header) ?? [];
  if (variable === undefined) throw new RangeError(`Malformed loop "${header}"`);
  const count = active ? arithmetic(bound, scope) : 1;
  const start = cursor.at;
  for (let i = 0; i < Math.max(1, count); i++) {
    cursor.at = start;
    emitBlock(cursor, { ...scope, [variable]: i }, out, active && i < count);
  }
  close(cursor);
}

function close(cursor: Cursor): string {
  const word = /^\s*\/\/#(\w+)/.exec(cursor.lines[cursor.at] ?? "")?.[1];
  if (word === undefined) throw new RangeError("A //#if or //#for is not closed");
  cursor.at++;
  return word;
}

function evaluate(condition: string, scope: Record<string, unknown>): boolean {
  const comparison = /^(\w+) == (\S+)$/.exec(condition);
  if (comparison) return String(lookUp(comparison[1], scope)) === comparison[2];
  const [, not, name] = /^(!?)(\w+)$/.exec(condition) ?? [];
  if (name === undefined) throw new RangeError(`Malformed condition "${condition}"`);
  return Boolean(lookUp(name, scope)) !== (not === "!");
}

function substitute(line: string, scope: Record<string, unknown>): string {
  if (!line.includes("$")) return line;
  return line
    .replaceAll(/\$\(([^()]*)\)/g, (_, expression) => String(arithmetic(expression, scope)))
    .replaceAll(/\$(\w+?)(?=\W|$|_)/g, (_, name) => String(lookUp(name, scope)));
}

/** Sums and products of constants and whole numbers, left to right, products first. */
function arithmetic(expression: string, scope: Record<string, unknown>): number {
  const sum = expression.split("+").map((term) =>
    term.split("*").map((factor) => {
      const text = factor.trim();
      return /^\d+$/.test(text) ? Number(text) : Number(lookUp(text, scope));
    }).reduce((a, b) => a * b, 1)
  ).reduce((a, b) => a + b, 0);
  if (!Number.isInteger(sum)) throw new RangeError(`"${expression}" is not a whole number`);
  return sum;
}

function lookUp(name: string, scope: Record<string, unknown>): unknown {
  if (!(name in scope)) throw new RangeError(`The template uses "${name}", which has no value`);
  return scope[name];
}
