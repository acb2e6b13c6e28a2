/** Which images were found to be rightly signed, so that a gateway starts without its registry, and quicker. */
import { editFile, readText } from "../files/edit_file.ts";

/** Of a file that only grows. */
const mostProofs = 2000;

export class VerifiedImages {
  readonly #path: string;
  readonly #env: { get(name: string): string | undefined };

  constructor(path: string, env: { get(name: string): string | undefined }) {
    this.#path = path;
    this.#env = env;
  }

  async has(proof: string): Promise<boolean> {
    return lines(await readText(this.#path).catch(() => undefined)).includes(proof);
  }

  /** A place that cannot be written to costs the next gateway a question. */
  async add(proof: string): Promise<void> {
    const change = (text?: string) => `${[...lines(text), proof].slice(-mostProofs).join("\n")}\n`;
    await editFile(this.#path, change, { env: this.#env, mode: 0o600 }).catch(() => {});
  }
}

const lines = (text = "") => text.split("\n").filter((line) => line !== "");
