/**
 * The worker that one script runs in: no permissions, and inside it a scope of its own for the script. Its
 * source is a `data:` URL: compiled programs load neither files of their folder nor `blob:` URLs as workers.
 */
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
  /** A script can come: the first one is to be a trial. */
  | { type: "ready" }
  | { type: "call"; call: number; tool: string; arguments: string; waits: boolean }
  | { type: "done"; result: string };

/** The parts of `node:vm` that are used. */
interface Contexts {
  createContext(scope: object): object;
  runInContext(code: string, context: object): unknown;
}

/** Runs in the worker; travels as text. */
function worker(vm: Contexts, realm: string): void {
  const scope = self as unknown as {
    postMessage(message: FromWorker): void;
    onmessage: (event: { data: ToWorker }) => void;
    addEventListener(type: string, listener: (event: Event) => void): void;
  };
  const newScope = () =>
    vm.runInContext(`"use strict";(${realm})`, vm.createContext(Object.create(null))) as typeof scriptRealm;
  let start = newScope();
  let calls = 0;
  let settle: (call: number, answer: string) => void;

  function callAndWait(shared: SharedArrayBuffer, tool: string, args: string): string {
    const cells = new Int32Array(shared, 0, 2);
    Atomics.store(cells, 0, 0);
    scope.postMessage({ type: "call", call: ++calls, tool, arguments: args, waits: true });
    Atomics.wait(cells, 0, 0);
    const bytes = new Uint8Array(shared, 8, Atomics.load(cells, 1)).slice();
    return new TextDecoder().decode(new Uint8Array(bytes));
  }

  scope.addEventListener("unhandledrejection", (event) => event.preventDefault()); // the script's own affair
  scope.onmessage = ({ data }) => {
    if (data.type === "answer") return settle(data.call, data.answer);
    const bridge: RealmBridge = Object.assign(Object.create(null), {
      callAndWait: (tool: string, args: string) => callAndWait(data.shared, tool, args),
      callLater(tool: string, args: string) {
        scope.postMessage({ type: "call", call: ++calls, tool, arguments: args, waits: false });
        return calls;
      },
      finish(result: string) {
        scope.postMessage({ type: "done", result });
        if (!data.trial) return;
        start = newScope();
        scope.postMessage({ type: "ready" });
      },
    });
    settle = start(bridge, data.script, data.functions, data.longestOutput);
  };
  scope.postMessage({ type: "ready" });
}

const source = `import vm from "node:vm";(${worker})(vm, ${JSON.stringify(String(scriptRealm))});`;

/** A worker without permissions; says `ready` when a script can come. */
export function startWorker(): Worker {
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  // The types know `permissions` only with the flag for it.
  const options = { type: "module", deno: { permissions: "none" } } as WorkerOptions;
  return new Worker(url, options);
}
