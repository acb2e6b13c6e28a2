/** What a model's files are, for the config of a stored model. */
import { describeModel, openGguf } from "../gguf/mod.ts";
import type { Layer, ModelConfig } from "./model.ts";

/** Reads the header of a GGUF (and of its shards, given in order). Throws "corrupt" with the offset when it is damaged. */
export async function describeGguf(path: string | string[]): Promise<ModelConfig> {
  return describeModel(await openGguf(path));
}

/** The same for whatever the layers are; `pathOf` gives where a layer lies. */
export async function describeLayers(
  layers: Layer[],
  pathOf: (layer: Layer) => string,
): Promise<ModelConfig> {
  const weights = layers.filter(({ kind }) => kind === "gguf");
  if (weights.length > 0) return await describeGguf(weights.map(pathOf));
  const { describeOnnx } = await import("../onnx/describe_model.ts");
  return await describeOnnx(Object.fromEntries(layers.map((layer) => [layer.name, pathOf(layer)])));
}
