/**
 * Shows the progress of transfers: on a terminal a bar for each layer with speed and time left, redrawn in
 * place; elsewhere plain lines at a calm rate, fit for logs.
 */
import { decimalSize } from "../format/byte_size.ts";
import { type Bar, barLine } from "./bar.ts";

/** What is shown; a model store's or registry's message has this form. Sizes in bytes. */
export interface TransferMessage {
  type: "progress" | "warning" | "success" | "error";
  message: string;
  /** Bytes of all layers. */
  total: number;
  layer: { id?: string; size: number; current: number };
  mode?: "pull" | "push";
}

export interface ProgressOptions {
  /** Whether `write` reaches a terminal that understands cursor movement. */
  terminal: boolean;
  /** Default: standard error. */
  write?: (text: string) => unknown;
  /** "Downloading" or "Uploading", in the forms of the lines; default by the messages' mode. */
  verb?: "Download" | "Upload";
  /** Width of the terminal; default: what it says, or 80. */
  columns?: number;
  /** Milliseconds; for tests. */
  clock?: () => number;
}

export interface ProgressView {
  show(message: TransferMessage): void;
  /** Draws what was held back, and leaves the cursor on a fresh line. */
  close(): void;
}

const redrawMs = 100;
const plainLineMs = 2000;

/** A view of one pull or push. Errors are not shown here: whoever awaits the transfer reports them. */
export function showProgress(options: ProgressOptions): ProgressView {
  const settings: Settings = {
    write: options.write ?? writeToStderr,
    verb: options.verb,
    columns: options.columns ?? terminalColumns(),
    clock: options.clock ?? (() => performance.now()),
  };
  return options.terminal ? new BarView(settings) : new LineView(settings);
}

type Settings = Required<Omit<ProgressOptions, "terminal" | "verb">> & Pick<ProgressOptions, "verb">;

function verbOf({ verb }: Settings, message: TransferMessage): "Download" | "Upload" {
  return verb ?? (message.mode === "push" ? "Upload" : "Download");
}

/** Texts that stand for themselves: warnings, the outcome, remarks without a layer. */
function remark(message: TransferMessage): string | undefined {
  if (message.type === "warning") return `Warning: ${message.message}`;
  if (message.type === "success") return message.message;
  if (message.type === "progress" && !message.layer.id) return message.message;
  return undefined;
}

class LineView implements ProgressView {
  readonly #settings: Settings;
  readonly #current = new Map<string, number>();
  #lastTime = -Infinity;
  #pending = "";
  #printed = "";

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  show(message: TransferMessage): void {
    const text = remark(message);
    if (text !== undefined) {
      this.#flush();
      this.#settings.write(`${text}\n`);
    } else if (message.type === "progress") {
      const { id, size, current } = message.layer;
      this.#current.set(id!, current);
      const done = [...this.#current.values()].reduce((sum, bytes) => sum + bytes, 0);
      const total = Math.max(message.total, size, done);
      this.#pending = `${verbOf(this.#settings, message)}ed ${decimalSize(done)} of ${decimalSize(total)}`;
      if (this.#settings.clock() - this.#lastTime >= plainLineMs) this.#flush();
    }
  }

  #flush(): void {
    if (this.#pending === "" || this.#pending === this.#printed) return;
    this.#settings.write(`${this.#pending}\n`);
    this.#printed = this.#pending;
    this.#lastTime = this.#settings.clock();
  }

  close(): void {
    this.#flush();
  }
}

class BarView implements ProgressView {
  readonly #settings: Settings;
  readonly #bars = new Map<string, Bar>();
  #drawnLines = 0;
  #lastTime = -Infinity;
  #stale = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  show(message: TransferMessage): void {
    const text = remark(message);
    if (text !== undefined) return this.#draw(`${text}\n`);
    if (message.type !== "progress") return;
    const now = this.#settings.clock();
    const { id, size, current } = message.layer;
    const verb = verbOf(this.#settings, message);
    const bar = this.#bars.get(id!) ?? { id: id!, verb, size, current, startTime: now, startBytes: current };
    const isNew = !this.#bars.has(id!);
    const finished = current >= size && bar.current < bar.size;
    this.#bars.set(id!, { ...bar, size, current });
    this.#stale = true;
    if (isNew || finished || now - this.#lastTime >= redrawMs) this.#draw();
  }

  /** Redraws the bars, with `above` scrolled out above them. */
  #draw(above = ""): void {
    const now = this.#settings.clock();
    const up = this.#drawnLines > 0 ? `\x1b[${this.#drawnLines}A\r\x1b[J` : "";
    const lines = [...this.#bars.values()].map((bar) => `${barLine(bar, now, this.#settings.columns)}\n`);
    this.#settings.write(up + above + lines.join(""));
    this.#drawnLines = lines.length;
    this.#lastTime = now;
    this.#stale = false;
  }

  close(): void {
    if (this.#stale) this.#draw();
  }
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80; // not a terminal
  }
}

const encoder = new TextEncoder();

function writeToStderr(text: string): void {
  for (let bytes = encoder.encode(text); bytes.length > 0;) {
    bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  }
}
