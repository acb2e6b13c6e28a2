/** `skiff model package`: a model out of files that are here. */
import type { Command } from "../../core/cli/command.ts";
import { SkiffError } from "../../core/errors/skiff_error.ts";
import { dtypes } from "../../inference/onnx/layout.ts";
import { resolve } from "node:path";
import { connectServer } from "./connection.ts";

export const packageCommand: Command = {
  name: "package",
  summary: "Make a model from a GGUF file or a folder with an ONNX model",
  description:
    "Copies a GGUF file (of split weights: the first one; the others are found) into the store under a name, or\n" +
    "the files of an ONNX model in transformers.js's layout (config.json, tokenizer.json, onnx/model.onnx).",
  args: [{ name: "MODEL", required: true }],
  flags: [
    { name: "gguf", summary: "The file", value: "PATH" },
    { name: "onnx", summary: "The folder", value: "DIR" },
    { name: "dtype", summary: "Of an ONNX model: the type of its numbers", value: "DTYPE", choices: dtypes },
  ],
  examples: [
    "skiff model package --gguf ./model.gguf myorg/mine:Q4_K_M",
    "skiff model package --onnx ./all-MiniLM-L6-v2 --dtype q8 myorg/minilm",
  ],
  async run({ context, args, flags }) {
    const path = flags.gguf ?? flags.onnx;
    if (!path || flags.gguf && flags.onnx) {
      throw new SkiffError("usage", "What should be packaged?", { hint: "Give --gguf PATH or --onnx DIR." });
    }
    const client = await connectServer(context);
    const name = String(args.MODEL);
    const dtype = flags.dtype as string | undefined;
    await client.create(resolve(String(path)), { tag: name, copy: true, dtype, signal: context.signal });
    await context.out(`Packaged ${path} as ${name}\n`);
  },
};
