/** How an answer appears on the screen while it streams. */

/** What a turn of a chat streams to a client. */
export interface AnswerDelta {
  text?: string;
  reasoning?: string;
}

const reset = "\x1b[0m";
const dim = "\x1b[2m";

/**
 * Turns deltas into what is written: reasoning under a line `Thinking:`, the answer after a rule of its own.
 * With colour, fenced code is tinted line by line and reasoning is dim.
 */
export class AnswerPrinter {
  private inReasoning = false;
  private atLineStart = true;
  private readonly code?: FencedCode;

  constructor(private readonly color: boolean) {
    if (color) this.code = new FencedCode();
  }

  push({ text, reasoning }: AnswerDelta): string {
    let out = "";
    if (reasoning) {
      if (!this.inReasoning) out += "Thinking:\n";
      this.inReasoning = true;
      out += this.color ? `${dim}${reasoning}${reset}` : reasoning;
      this.atLineStart = reasoning.endsWith("\n");
    }
    if (text) {
      if (this.inReasoning) out += `${this.atLineStart ? "" : "\n"}\n--\n\n`;
      this.inReasoning = false;
      out += this.code ? this.code.push(text) : text;
      this.atLineStart = text.endsWith("\n");
    }
    return out;
  }

  /** What ends the answer's last line. */
  end(): string {
    const rest = this.code?.end() ?? "";
    const out = this.atLineStart ? rest : `${rest}\n`;
    this.atLineStart = true;
    this.inReasoning = false;
    return out;
  }
}

/** Tints what stands between lines of ``` ; text elsewhere passes at once, a line that may be a fence waits. */
class FencedCode {
  private line = "";
  private written = 0;
  private inside = false;

  push(text: string): string {
    return text.split(/(?<=\n)/).map((piece) => this.piece(piece)).join("");
  }

  end(): string {
    const rest = this.line.slice(this.written);
    this.line = "";
    this.written = 0;
    const out = this.inside ? `${this.tint(rest)}${reset}` : rest;
    this.inside = false;
    return out;
  }

  private piece(piece: string): string {
    this.line += piece;
    const whole = this.line.endsWith("\n");
    const fence = /^\s{0,3}```/.test(this.line);
    if (!whole && (fence || /^\s{0,3}`{0,2}$/.test(this.line))) return "";
    const fresh = this.line.slice(this.written);
    this.written = this.line.length;
    if (!whole) return this.inside ? this.tint(fresh) : fresh;
    this.line = "";
    this.written = 0;
    if (fence) this.inside = !this.inside;
    return fence ? `${dim}${fresh}${reset}` : this.inside ? this.tint(fresh) : fresh;
  }

  private tint(text: string): string {
    return text === "" ? "" : `\x1b[36m${text}${reset}`;
  }
}
