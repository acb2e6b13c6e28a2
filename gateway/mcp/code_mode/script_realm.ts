/**
 * What runs around the script, inside its own global scope (a `node:vm` context): nothing there but the language,
 * the tools' functions and `console`. The function travels as text, so it uses nothing from outside itself. Only
 * strings and numbers cross: an object of the outer scope would be a way out by its constructor.
 */

/** Given by the worker; all of them take and give primitives only. */
export interface RealmBridge {
  /** Sends a call and waits: its answer as JSON `{failed, text}`. */
  callAndWait(tool: string, args: string): string;
  /** Sends a call; the answer comes by `settle` with this number. */
  callLater(tool: string, args: string): number;
  /** The end: JSON `{failed, text, console}`. */
  finish(result: string): void;
}

/** Runs in the script's scope. Gives what takes the answers of `callLater`. */
export function scriptRealm(
  bridge: RealmBridge,
  script: string,
  functionsJson: string,
  longestOutput: number,
): (call: number, answer: string) => void {
  const { callAndWait, callLater, finish } = bridge;
  const { parse, stringify } = JSON;
  const Failure = Error;
  const Text = String;
  const Later = Promise;
  const Body = Function;
  const AsyncBody = (async () => {}).constructor as FunctionConstructor;
  const waiting = new Map<number, { resolve(text: string): void; reject(error: Error): void }>();
  let printed = "";

  function textOf(value: unknown): string {
    if (value === undefined) return "<no output>";
    if (typeof value === "string") return value;
    if (typeof value === "object" && value !== null && !(value instanceof Failure)) {
      const json = stringify(value);
      if (json !== undefined) return json;
    }
    return Text(value);
  }

  function print(...values: unknown[]): void {
    let line = "";
    for (let i = 0; i < values.length; i++) line += (i > 0 ? " " : "") + textOf(values[i]);
    if (printed.length < longestOutput) printed += line + "\n";
  }

  function end(failed: boolean, value: unknown): void {
    let text = "an error without a text";
    try {
      text = failed ? Text(value) : textOf(value);
    } catch (error) {
      failed = true;
      try {
        text = Text(error);
      } catch { /* it refuses to be shown */ }
    }
    if (text.length > longestOutput) {
      text = `the result has ${text.length} characters, more than ${longestOutput}`;
      failed = true;
    }
    finish(stringify({ failed, text, console: printed.slice(0, longestOutput) }));
  }

  function argumentsOf(args: unknown): string {
    const json = args === undefined || args === null ? "{}" : stringify(args);
    if (json === undefined || json[0] !== "{") throw new Failure("A tool takes one object of arguments");
    return json;
  }

  function waitingCall(tool: string): (args: unknown) => string {
    return (args) => {
      const json = argumentsOf(args);
      let answer: string;
      try {
        answer = callAndWait(tool, json);
      } catch { // of the outer scope: not to be handed on
        throw new Failure("The call did not get through");
      }
      const { failed, text } = parse(answer);
      if (failed) throw new Failure(text);
      return text;
    };
  }

  function asyncCall(tool: string): (args: unknown) => Promise<string> {
    return (args) =>
      new Later((resolve, reject) => {
        const json = argumentsOf(args);
        try {
          waiting.set(callLater(tool, json), { resolve, reject });
        } catch {
          reject(new Failure("The call did not get through"));
        }
      });
  }

  /** Whether the script's own words speak of promises; texts and comments do not count. */
  function speaksOfPromises(): boolean {
    const code = script.replace(
      /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\$]|\$(?!\{))*`/g,
      " ",
    );
    return /\b(await|async|Promise)\b|\.\s*(then|catch|finally)\s*\(/.test(code);
  }

  function compile(): { body: () => unknown; asynchronous: boolean } {
    const asynchronous = speaksOfPromises();
    return { body: (asynchronous ? new AsyncBody(script) : new Body(script)) as () => unknown, asynchronous };
  }

  async function run(): Promise<void> {
    try {
      const { body, asynchronous } = compile();
      const scope = globalThis as unknown as Record<string, unknown>;
      for (const { identifier, tool } of parse(functionsJson)) {
        scope[identifier] = asynchronous ? asyncCall(tool) : waitingCall(tool);
      }
      scope.console = { log: print, info: print, warn: print, error: print, debug: print };
      end(false, await body());
    } catch (error) {
      end(true, error);
    }
  }

  run();
  return (call, answer) => {
    const found = waiting.get(call);
    waiting.delete(call);
    const { failed, text } = parse(answer);
    if (failed) found?.reject(new Failure(text));
    else found?.resolve(text);
  };
}
