/** One line of a transfer on a terminal: id, state, bar, bytes, speed, time left. */
import { decimalSize } from "../format/byte_size.ts";

export interface Bar {
  /** "sha256:<hex>" or any name; 12 characters are shown. */
  id: string;
  verb: "Download" | "Upload";
  size: number;
  current: number;
  /** When the first message came, in milliseconds, and how many bytes were there already. */
  startTime: number;
  startBytes: number;
}

const widestBar = 50;

/** `2af3b81862c6: Downloading [=====>    ]  12.5MB/270.6MB  8.1MB/s  32s`, cut to `columns`. */
export function barLine(bar: Bar, now: number, columns: number): string {
  const id = bar.id.replace(/^sha256:/, "").slice(0, 12);
  if (bar.size > 0 && bar.current >= bar.size) {
    const done = bar.verb === "Upload" ? "Push complete" : "Pull complete";
    return `${id}: ${done}  ${decimalSize(bar.size, 1)}`.slice(0, columns);
  }
  if (bar.current === 0) return `${id}: Waiting`.slice(0, columns);
  const head = `${id}: ${bar.verb}ing `;
  const tail = ` ${amounts(bar)}${pace(bar, now)}`;
  const room = Math.min(widestBar, columns - head.length - tail.length - 2);
  return `${head}${room >= 8 ? drawing(bar, room) : ""}${tail}`.slice(0, columns);
}

function amounts({ current, size }: Bar): string {
  return size > 0 ? `${decimalSize(current, 1)}/${decimalSize(size, 1)}` : decimalSize(current, 1);
}

function drawing({ current, size }: Bar, width: number): string {
  const filled = size > 0 ? Math.min(width, Math.floor(width * current / size)) : 0;
  return `[${`${"=".repeat(filled)}>`.slice(0, width).padEnd(width)}]`;
}

/** Speed since the first message and the time left at that speed; nothing before there is a speed. */
function pace({ current, size, startTime, startBytes }: Bar, now: number): string {
  const seconds = (now - startTime) / 1000;
  const speed = (current - startBytes) / seconds;
  if (!(seconds > 0.5) || speed <= 0) return "";
  const left = size > current ? `  ${clockTime((size - current) / speed)}` : "";
  return `  ${decimalSize(speed, 1)}/s${left}`;
}

function clockTime(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor(whole % 3600 / 60)).padStart(2, "0")}m`;
}
