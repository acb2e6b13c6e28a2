/**
 * Reads lines from a person at a terminal: editing keys, history, bracketed paste, wrapped lines.
 * The terminal is in raw mode only while a line is being read.
 */
import { type Key, KeyDecoder } from "./keys.ts";
import { edit, emptyLine, graphemes, insert, type LineBuffer, lineOf } from "./line_buffer.ts";
import { graphemeWidth } from "./width.ts";

/** The terminal, as much of it as a reader needs. */
export interface Terminal {
  read(buffer: Uint8Array): Promise<number | null>;
  setRaw(raw: boolean): void;
  write(text: string): Promise<void>;
  columns(): number;
}

export type LineResult = { type: "line"; text: string } | { type: "interrupt"; empty: boolean } | {
  type: "end";
};

export interface LineReaderOptions {
  /** Shown dim where nothing is typed yet. */
  placeholder?: string;
  color?: boolean;
  /** Oldest first; the caller adds to it. */
  history: string[];
  /** What is typed is not shown: for secrets. */
  hidden?: boolean;
  /** What Ctrl+X does with the text: a person's own editor. */
  editText?: (text: string) => Promise<string>;
}

export class LineReader {
  private readonly decoder = new KeyDecoder();
  private queued: Key[] = [];
  private line: LineBuffer = emptyLine;
  private prompt = "";
  private placeholder = "";
  private historyAt = 0;
  /** Row of the cursor, counted from the row of the prompt, as drawn last. */
  private drawnRow = 0;

  constructor(private readonly terminal: Terminal, private readonly options: LineReaderOptions) {}

  /** One line without its line break. Ctrl+C gives "interrupt", Ctrl+D on an empty line "end". */
  async read(prompt: string, { placeholder = false } = {}): Promise<LineResult> {
    this.prompt = prompt;
    this.placeholder = placeholder ? this.options.placeholder ?? "" : "";
    this.line = emptyLine;
    this.historyAt = this.options.history.length;
    this.drawnRow = 0;
    this.terminal.setRaw(true);
    await this.terminal.write("\x1b[?2004h");
    try {
      await this.draw();
      return await this.readKeys();
    } finally {
      await this.terminal.write("\x1b[?2004l");
      this.terminal.setRaw(false);
    }
  }

  private async readKeys(): Promise<LineResult> {
    const buffer = new Uint8Array(4096);
    while (true) {
      for (let key = this.queued.shift(); key; key = this.queued.shift()) {
        const result = await this.handle(key);
        if (result) return result;
      }
      await this.draw();
      const count = await this.terminal.read(buffer);
      if (count === null) return { type: "end" };
      this.queued.push(...this.decoder.push(buffer.subarray(0, count)));
    }
  }

  private async handle(key: Key): Promise<LineResult | undefined> {
    if (key.type !== "key") {
      this.line = insert(this.line, key.text);
      return undefined;
    }
    switch (key.name) {
      case "enter":
        return await this.finish({ type: "line", text: this.line.text });
      case "ctrl+c":
        return await this.finish({ type: "interrupt", empty: this.line.text === "" });
      case "ctrl+d":
        if (this.line.text === "") return await this.finish({ type: "end" });
        this.line = edit(this.line, "delete");
        return undefined;
      case "ctrl+l":
        await this.terminal.write("\x1b[2J\x1b[H");
        this.drawnRow = 0;
        return undefined;
      case "ctrl+x":
        return await this.editElsewhere();
      case "up":
      case "ctrl+p":
        this.recall(this.historyAt - 1);
        return undefined;
      case "down":
      case "ctrl+n":
        this.recall(this.historyAt + 1);
        return undefined;
      default:
        this.line = edit(this.line, key.name);
        return undefined;
    }
  }

  private async editElsewhere(): Promise<undefined> {
    if (!this.options.editText) return;
    this.terminal.setRaw(false);
    const text = await this.options.editText(this.line.text);
    this.line = lineOf(text.replace(/\n+$/, ""));
    this.terminal.setRaw(true);
  }

  private recall(at: number): void {
    if (at < 0 || at > this.options.history.length) return;
    this.historyAt = at;
    this.line = lineOf(this.options.history[at] ?? "");
  }

  private async finish(result: LineResult): Promise<LineResult> {
    this.line = { text: this.line.text, cursor: this.line.text.length };
    this.placeholder = "";
    await this.draw();
    await this.terminal.write("\r\n");
    return result;
  }

  /** Draws prompt and line anew and puts the cursor in its place. */
  private async draw(): Promise<void> {
    const columns = Math.max(this.terminal.columns(), 2);
    const back = this.drawnRow > 0 ? `\x1b[${this.drawnRow}A` : "";
    const hint = this.line.text === "" && this.placeholder
      ? this.options.color ? `\x1b[2m${this.placeholder}\x1b[0m` : this.placeholder
      : "";
    const line = this.options.hidden ? emptyLine : this.line;
    const shown = `${this.prompt}${line.text}`;
    const end = place(hint ? `${this.prompt}${this.placeholder}` : shown, columns);
    const cursor = place(`${this.prompt}${line.text.slice(0, line.cursor)}`, columns);
    // A line that ends in the last column leaves the cursor there: a line break makes room for it.
    const wrap = end.column === 0 && end.row > 0 && !shown.endsWith("\n") ? "\r\n" : "";
    const up = end.row > cursor.row ? `\x1b[${end.row - cursor.row}A` : "";
    const right = cursor.column > 0 ? `\x1b[${cursor.column}C` : "";
    await this.terminal.write(
      `${back}\r\x1b[J${shown.replaceAll("\n", "\r\n")}${hint}${wrap}${up}\r${right}`,
    );
    this.drawnRow = cursor.row;
  }
}

/** Where the cursor stands after a text was written from column 0. */
function place(text: string, columns: number): { row: number; column: number } {
  let row = 0;
  let column = 0;
  for (const { segment } of graphemes(text)) {
    if (segment === "\n") {
      row++;
      column = 0;
      continue;
    }
    const width = graphemeWidth(segment);
    if (column + width > columns) {
      row++;
      column = 0;
    }
    column += width;
    if (column === columns) {
      row++;
      column = 0;
    }
  }
  return { row, column };
}
