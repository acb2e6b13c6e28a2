/** What a bench of WebGPU found, as a section of tests/bench/RESULTS.md: printed while it runs, written at its end. */
import type { GpuDevice } from "../../../inference/engines/webgpu/device/gpu_device.ts";
import { machine } from "../report.ts";

const results = new URL("../RESULTS.md", import.meta.url);

export class Section {
  readonly #lines: string[] = [];

  /** Begins with the date, the machine, the command and the adapter. `note` ends the sentence on them. */
  static async begin(what: string, script: string, gpu: GpuDevice, note: string): Promise<Section> {
    const section = new Section();
    const args = Deno.args.filter((arg) => arg !== "--write");
    const flags = script === "models" ? "--v8-flags=--expose-gc" : "";
    const command = ["deno run -A", flags, `tests/bench/webgpu/${script}.ts`, ...args].filter(Boolean)
      .join(" ");
    section.print(`## ${new Date().toISOString().slice(0, 10)}: ${what}, ${await machine()}`);
    section.print("");
    section.print(`\`${command}\`; adapter: ${gpu.facts.description}; ${note}.`);
    section.print("");
    return section;
  }

  print(line: string): void {
    this.#lines.push(line);
    console.log(line);
  }

  /** A table; cells that are numbers stand as they are given. */
  table(head: string[], rows: (string | number)[][]): void {
    this.print(`| ${head.join(" | ")} |`);
    this.print(`|${" --- |".repeat(head.length)}`);
    for (const row of rows) this.print(`| ${row.join(" | ")} |`);
    this.print("");
  }

  /** Adds the section to RESULTS.md. */
  async write(): Promise<void> {
    await addToResults(this.#lines.join("\n"));
  }
}

/** Adds text to RESULTS.md, in the format that `deno fmt` wants. */
export async function addToResults(text: string): Promise<void> {
  await Deno.writeTextFile(results, `\n${text.trimEnd()}\n`, { append: true });
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", results.pathname] }).output();
}
