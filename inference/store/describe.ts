/** What a GGUF file is, for the config of a stored model. */
import { describeModel, openGguf } from "../gguf/mod.ts";
import type { ModelConfig } from "./model.ts";

/** Reads the header of a GGUF (and of its shards, given in order). Throws "corrupt" with the offset when it is damaged. */
export async function describeGguf(path: string | string[]): Promise<ModelConfig> {
  return describeModel(await openGguf(path));
}
