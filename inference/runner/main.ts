/**
 * The child process `skiff runner`: JSON lines of protocol.ts on stdin and stdout, the log on stderr. The
 * first line says what to load. It ends when stdin closes, so that it never outlives the server.
 */
import { SkiffError, toErrorRecord } from "../../core/errors/skiff_error.ts";
import { LineWriter, readLines } from "./line_stream.ts";
import type { OpenModel } from "./model_parts.ts";
import type { RunnerCommand, RunnerMessage } from "./protocol.ts";
import { Runner } from "./runner.ts";

/** Runs until told to stop; the exit code. `open` is given by tests. */
export async function runRunner(open?: OpenModel): Promise<number> {
  // Ctrl+C in a terminal reaches all processes of the server; when to stop is the server's decision.
  Deno.addSignalListener("SIGINT", () => {});
  const writer = new LineWriter(Deno.stdout);
  const send = (message: RunnerMessage) => {
    writer.add(message);
    writer.flush();
  };
  try {
    const inbox = new Inbox();
    const runner = await load(await inbox.first, open, writer, send);
    send({ type: "ready", info: runner.info });
    inbox.deliver((command) => runner.take(command));
    await runner.run();
    return 0;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return 0; // the server is gone
    send({ type: "failed", error: toErrorRecord(error) });
    return 1;
  }
}

async function load(
  command: RunnerCommand,
  open: OpenModel | undefined,
  writer: LineWriter,
  send: (message: RunnerMessage) => void,
): Promise<Runner> {
  if (command.op !== "load") {
    throw new SkiffError("internal", `A runner was told to ${command.op} before load`);
  }
  const openModel: OpenModel = open ?? (await import("./open_model.ts")).openModel;
  let last = 0;
  const parts = await openModel(command.configuration, (fraction) => {
    if (fraction < last + 0.01 && fraction < 1) return;
    last = fraction;
    send({ type: "loading", fraction });
  });
  return new Runner(parts, command.configuration, writer);
}

/**
 * Reads stdin from the start on. When it closes there is nobody left to answer, and the process ends at
 * once, even while a model loads.
 */
class Inbox {
  readonly first: Promise<RunnerCommand>;
  #early: RunnerCommand[] = [];
  #take: (command: RunnerCommand) => void = (command) => this.#early.push(command);

  constructor() {
    this.first = new Promise((resolve) => this.#read(resolve));
  }

  deliver(take: (command: RunnerCommand) => void): void {
    this.#take = take;
    this.#early.splice(0).forEach(take);
  }

  async #read(first: (command: RunnerCommand) => void): Promise<void> {
    const lines = readLines(Deno.stdin);
    const { value } = await lines.next();
    if (value) first(JSON.parse(value));
    for await (const line of lines) this.#take(JSON.parse(line));
    Deno.exit(0);
  }
}
