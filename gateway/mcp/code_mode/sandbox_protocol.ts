/** Lines of JSON between the gateway and the process in which scripts run. */

/** A tool as the script sees it. */
export interface ScriptFunction {
  /** An identifier. */
  identifier: string;
  /** The tool's public name. */
  tool: string;
}

export type ToSandbox =
  | {
    type: "run";
    /** Tells a script's answers from those that come too late for another one. */
    run: number;
    script: string;
    functions: ScriptFunction[];
    memory: number;
    /** Milliseconds after which the process ends even if nobody tells it. */
    totalMs: number;
    longestOutput: number;
  }
  /** The answer to a call; `failed`: the function throws. */
  | { type: "answer"; run: number; call: number; text: string; failed: boolean };

export type FromSandbox =
  /** The next script can come. */
  | { type: "ready" }
  /** Nothing: the sandbox tries its way to the gateway. */
  | { type: "trial" }
  | { type: "call"; call: number; tool: string; arguments: Record<string, unknown> }
  /** The script has ended; `console` is what it printed. `last`: the process takes no further one. */
  | { type: "done"; failed: boolean; text: string; console: string; last: boolean }
  /** It took more memory than it may; the process ends. */
  | { type: "memory" };

/** What a script may use. */
export interface ScriptLimits {
  /** Milliseconds of its own, the time in which it waits for tools not counted. */
  ownMs: number;
  /** Milliseconds over all. */
  totalMs: number;
  /** Bytes beyond what the sandbox has at the start. */
  memory: number;
  /** Tool calls. */
  calls: number;
  /** Characters of the result, and of what it prints. */
  output: number;
}

export const defaultLimits: ScriptLimits = {
  ownMs: 10_000,
  totalMs: 5 * 60_000,
  memory: 256 * 2 ** 20,
  calls: 200,
  output: 1_000_000,
};
