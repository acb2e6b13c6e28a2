/** What an ONNX model is, for the config of a stored model. */
import { formatMebibytes, formatParameters } from "../gguf/describe_model.ts";
import type { ModelConfig } from "../store/model.ts";
import { readConfig, trainedContext } from "./config.ts";
import { chooseVariant } from "./layout.ts";
import { readGraphFacts } from "./graph_facts.ts";

/** The facts of `inspect` and of the store's index. `files`: paths by name. Throws "unsupported" or "corrupt". */
export async function describeOnnx(files: Record<string, string>): Promise<ModelConfig> {
  const config = await readConfig(files);
  const variant = chooseVariant(Object.keys(files), { generates: true, name: "the model" });
  const { parameters, producer } = await readGraphFacts(files[variant.graph]);
  const paths = [variant.graph, ...variant.data].map((name) => files[name]);
  const sizes = await Promise.all(paths.map(async (path) => (await Deno.stat(path)).size));
  const facts: Record<string, string> = {};
  for (const [key, value] of Object.entries(config)) {
    if (["string", "number", "boolean"].includes(typeof value)) facts[`config.${key}`] = String(value);
    else if (key === "architectures") facts["config.architectures"] = config.architectures!.join(", ");
  }
  if (producer) facts["graph.producer"] = producer;
  return {
    format: "onnx",
    quantization: variant.dtype,
    parameters: parameters > 0 ? formatParameters(parameters) : "",
    architecture: config.model_type ?? "unknown",
    size: formatMebibytes(sizes.reduce((sum, size) => sum + size, 0)),
    context_size: trainedContext(config),
    onnx: facts,
  };
}
