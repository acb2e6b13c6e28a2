/**
 * The worker that one script runs in: no permissions, and inside it a scope of its own for the script. Its
 * source is a `data:` URL: compiled programs load neither files of their folder nor `blob:` URLs as workers.
 *
 * It reads what the gateway says and writes what the script says by itself, and waits in the read: every thread
 * between the two would have to be woken for each message, which costs more than the script.
 */
import type { FromSandbox, ToSandbox } from "./sandbox_protocol.ts";
import { type RealmBridge, scriptRealm } from "./script_realm.ts";

export interface ToWorker {
  /** What an earlier worker has read and not used. */
  read: Uint8Array;
  /** What the worker is at: its state, and the limits of the script that runs (`sharedParts`). */
  shared: SharedArrayBuffer;
}

export type FromWorker =
  /** A script can come: from here on the state tells. */
  | { type: "waits" }
  | { type: "done"; read: Uint8Array };

/** What a worker is at. `broken`: of no further use, as its gateway has ended or bytes of it are lost. */
export const workerState = { waits: 0, runs: 1, done: 2, broken: 3 };

/** The memory, the state's cell in it, and the script's limits: bytes of memory, milliseconds over all. */
export function sharedParts(shared = new SharedArrayBuffer(24)) {
  return { shared, state: new Int32Array(shared, 0, 1), limits: new Float64Array(shared, 8, 2) };
}

type Run = Extract<ToSandbox, { type: "run" }>;
type Answer = Extract<ToSandbox, { type: "answer" }>;

/** The parts of `node:vm` that are used. */
interface Contexts {
  createContext(scope: object): object;
  runInContext(code: string, context: object): unknown;
}

interface Streams {
  stdin: { readSync(into: Uint8Array): number | null };
  stdout: { writeSync(bytes: Uint8Array): number };
}

/** Runs in the worker. Lines of an input, each waited for; undefined at its end. */
function lineReader(input: Streams["stdin"], read: Uint8Array) {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let rest = read;
  return {
    next(): string | undefined {
      const pieces: string[] = [];
      for (;;) {
        const end = rest.indexOf(10);
        if (end >= 0) {
          const last = decoder.decode(rest.subarray(0, end));
          rest = rest.subarray(end + 1);
          return pieces.length === 0 ? last : pieces.join("") + last;
        }
        if (rest.length > 0) pieces.push(decoder.decode(rest, { stream: true }));
        const count = input.readSync(buffer);
        if (count === null) return undefined;
        rest = buffer.subarray(0, count);
      }
    },
    rest: () => rest.slice(),
  };
}

/** Runs in the worker. */
function worker(
  vm: Contexts,
  { stdin, stdout }: Streams,
  setImmediate: (work: () => void) => void,
  parts: typeof sharedParts,
  states: typeof workerState,
  read: typeof lineReader,
  realm: string,
): void {
  const scope = self as unknown as {
    postMessage(message: FromWorker): void;
    onmessage: (event: { data: ToWorker }) => void;
    addEventListener(type: string, listener: (event: Event) => void): void;
  };
  const encoder = new TextEncoder();
  const newScope = () =>
    vm.runInContext(`"use strict";(${realm})`, vm.createContext(Object.create(null))) as typeof scriptRealm;
  let start = newScope();
  let given: ToWorker;
  /** First scripts of our own, each in a scope that is thrown away: what they take is compiled for the real one. */
  let trial = true;
  let lines = read(trialInput(), new Uint8Array());
  let { state, limits } = parts();
  let run: Run;
  let calls = 0;
  let open = 0;
  let over = false;
  let broken = false;
  let settle: (call: number, answer: string) => void;

  /** Of both kinds that there are: waiting and with promises. */
  function trialInput(): Streams["stdin"] {
    const scripts = ["return JSON.parse(trial({a: 1})).a", "return (await Promise.all([trial({a: 1})]))[0]"];
    const functions = [{ identifier: "trial", tool: "trial" }];
    const messages = scripts.flatMap((script, i): ToSandbox[] => [
      { type: "run", run: i, script, functions, memory: 0, totalMs: 0, longestOutput: 100 },
      { type: "answer", run: i, call: i + 1, text: '{"a":1}', failed: false },
    ]);
    return {
      readSync(into) {
        const message = messages.shift();
        return message ? encoder.encodeInto(`${JSON.stringify(message)}\n`, into).written : null;
      },
    };
  }

  /** Tells the thread that watches, which waits for this cell: a message would wake more of it. */
  function tell(value: number): void {
    Atomics.store(state, 0, value);
    Atomics.notify(state, 0);
  }

  function later(work: () => void): void {
    setImmediate(() => {
      try {
        work();
      } catch {
        tell(states.broken);
      }
    });
  }

  function say(message: FromSandbox): void {
    const bytes = encoder.encode(`${JSON.stringify(message)}\n`);
    for (let at = 0; at < bytes.length;) at += stdout.writeSync(bytes.subarray(at));
  }

  function hear(): ToSandbox {
    const line = lines.next();
    if (line !== undefined) return JSON.parse(line);
    if (!trial) {
      tell(states.broken);
      throw new Error("The gateway has ended");
    }
    trial = false;
    lines = read(stdin, given.read);
    ({ state, limits } = parts(given.shared));
    scope.postMessage({ type: "waits" });
    say({ type: "ready" });
    return hear();
  }

  function hearRun(): Run {
    for (;;) {
      const message = hear();
      if (message.type === "run") return message;
    }
  }

  /** Answers to what an earlier script has asked are left out. */
  function hearAnswer(): Answer {
    for (;;) {
      const message = hear();
      if (message.type === "answer" && message.run === run.run) return message;
    }
  }

  function ask(tool: string, args: string): number {
    if (over) throw new Error("The script has ended");
    const call = ++calls;
    say(trial ? { type: "trial" } : { type: "call", call, tool, arguments: JSON.parse(args) });
    return call;
  }

  function callAndWait(tool: string, args: string): string {
    const call = ask(tool, args);
    try {
      for (;;) {
        const answer = hearAnswer();
        if (answer.call === call) return JSON.stringify(answer);
      }
    } catch (error) {
      broken = true; // a full stack: who knows how far the read came
      throw error;
    }
  }

  function callLater(tool: string, args: string): number {
    const call = ask(tool, args);
    if (open++ === 0) later(takeAnswer);
    return call;
  }

  /** Once the script has nothing to do but wait: what its promises lead to has run before. */
  function takeAnswer(): void {
    if (over) return;
    const answer = hearAnswer();
    if (--open > 0) later(takeAnswer);
    settle(answer.call, JSON.stringify(answer));
  }

  function finish(result: string): void {
    const { failed, text, console } = JSON.parse(result);
    const ended = { failed: failed === true, text: String(text), console: String(console) };
    if (trial) {
      say({ type: "trial" });
      start = newScope();
      return later(next);
    }
    over = true;
    say({ type: "done", ...ended, last: broken });
    scope.postMessage({ type: "done", read: lines.rest() });
    tell(broken ? states.broken : states.done);
  }

  function next(): void {
    run = hearRun();
    const { memory, totalMs, script, functions, longestOutput } = run;
    limits.set([memory, totalMs]);
    tell(states.runs);
    const bridge: RealmBridge = Object.assign(Object.create(null), { callAndWait, callLater, finish });
    settle = start(bridge, script, JSON.stringify(functions), longestOutput);
  }

  scope.addEventListener("unhandledrejection", (event) => event.preventDefault()); // the script's own affair
  scope.onmessage = ({ data }) => {
    given = data;
    later(next);
  };
}

const source = `import vm from "node:vm"; import { setImmediate } from "node:timers";(${worker})(vm, Deno, ` +
  `setImmediate, ${sharedParts}, ${JSON.stringify(workerState)}, ${lineReader}, ` +
  `${JSON.stringify(String(scriptRealm))});`;

/** A worker without permissions; says `ready` to the gateway and reads on from there. */
export function startWorker(message: ToWorker): Worker {
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  // The types know `permissions` only with the flag for it.
  const options = { type: "module", deno: { permissions: "none" } } as WorkerOptions;
  const started = new Worker(url, options);
  started.postMessage(message);
  return started;
}
