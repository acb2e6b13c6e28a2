/**
 * The worker that one script runs in: no permissions, and inside it a scope of its own for the script. Its
 * source is a `data:` URL: compiled programs load neither files of their folder nor `blob:` URLs as workers. What
 * the script says to the gateway it writes itself, by the output that the process has: a thread less to wake.
 */
import type { FromSandbox } from "./sandbox_protocol.ts";
import { type RealmBridge, scriptRealm } from "./script_realm.ts";

/** Cells of the memory that a waiting worker shares: whether the answer is there, and its bytes' number. */
export const answerState = 0;
export const answerLength = 1;
/** Where the answer's bytes begin. */
export const answerStart = 8;
/** Bytes of the longest answer. */
export const longestAnswer = 16 * 2 ** 20;

export interface WorkerRun {
  type: "run";
  script: string;
  functions: string;
  longestOutput: number;
  shared: SharedArrayBuffer;
  /** A script of our own, in a scope that is thrown away: what it takes is compiled for the real one then. */
  trial: boolean;
}

export type ToWorker =
  | WorkerRun
  | { type: "answer"; call: number; answer: string };

export type FromWorker =
  /** A script can come: the first ones are to be trials. */
  | { type: "ready" }
  /** In a trial; otherwise it goes to the gateway. */
  | { type: "call"; call: number }
  | { type: "done" };

/** Calls that wait in the worker's shared memory have even numbers. */
export const waits = (call: number) => call % 2 === 0;

/** The parts of `node:vm` that are used. */
interface Contexts {
  createContext(scope: object): object;
  runInContext(code: string, context: object): unknown;
}

/** Runs in the worker; travels as text. */
function worker(vm: Contexts, output: Pick<typeof Deno.stdout, "writeSync">, realm: string): void {
  const scope = self as unknown as {
    postMessage(message: FromWorker): void;
    onmessage: (event: { data: ToWorker }) => void;
    addEventListener(type: string, listener: (event: Event) => void): void;
  };
  const encoder = new TextEncoder();
  const newScope = () =>
    vm.runInContext(`"use strict";(${realm})`, vm.createContext(Object.create(null))) as typeof scriptRealm;
  let start = newScope();
  let calls = 0;
  let over = false;
  let settle: (call: number, answer: string) => void;

  function say(message: FromSandbox): void {
    const bytes = encoder.encode(`${JSON.stringify(message)}\n`);
    for (let at = 0; at < bytes.length;) at += output.writeSync(bytes.subarray(at));
  }

  function sayCall(call: number, trial: boolean, tool: string, args: string): void {
    if (over) throw new Error("The script has ended");
    if (trial) {
      say({ type: "trial" });
      scope.postMessage({ type: "call", call });
    } else say({ type: "call", call, tool, arguments: JSON.parse(args) });
  }

  function callAndWait({ shared, trial }: WorkerRun, tool: string, args: string): string {
    const cells = new Int32Array(shared, 0, 2);
    Atomics.store(cells, 0, 0);
    sayCall(2 * ++calls, trial, tool, args);
    Atomics.wait(cells, 0, 0);
    const bytes = new Uint8Array(shared, 8, Atomics.load(cells, 1)).slice();
    return new TextDecoder().decode(new Uint8Array(bytes));
  }

  function finish(trial: boolean, result: string): void {
    const { failed, text, console } = JSON.parse(result);
    over = !trial;
    if (trial) say({ type: "trial" });
    else say({ type: "done", failed: failed === true, text: String(text), console: String(console) });
    scope.postMessage({ type: "done" });
    if (!trial) return;
    start = newScope();
    scope.postMessage({ type: "ready" });
  }

  scope.addEventListener("unhandledrejection", (event) => event.preventDefault()); // the script's own affair
  scope.onmessage = ({ data }) => {
    if (data.type === "answer") return settle(data.call, data.answer);
    const bridge: RealmBridge = Object.assign(Object.create(null), {
      callAndWait: (tool: string, args: string) => callAndWait(data, tool, args),
      callLater(tool: string, args: string) {
        const call = 2 * ++calls + 1;
        sayCall(call, data.trial, tool, args);
        return call;
      },
      finish: (result: string) => finish(data.trial, result),
    });
    settle = start(bridge, data.script, data.functions, data.longestOutput);
  };
  scope.postMessage({ type: "ready" });
}

const source = `import vm from "node:vm";(${worker})(vm, Deno.stdout, ${
  JSON.stringify(String(scriptRealm))
});`;

/** A worker without permissions; says `ready` when a script can come. */
export function startWorker(): Worker {
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  // The types know `permissions` only with the flag for it.
  const options = { type: "module", deno: { permissions: "none" } } as WorkerOptions;
  return new Worker(url, options);
}
