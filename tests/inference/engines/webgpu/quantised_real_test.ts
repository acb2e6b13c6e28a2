/**
 * Tiny models in every type of weights against llama.cpp, whose oracle is the same file with its weights turned into
 * floats: what is measured is our kernels' arithmetic, not how llama.cpp rounds activations.
 */
import { realTest } from "../../../support/parts.ts";
import { type FileType, quantisedModel } from "../../../support/quantise_model.ts";
import { tinyArchitecture } from "../../../support/tiny_architectures.ts";
import { assertNmse } from "./kernels/nmse.ts";
import { pairParts, rowsOf, textBatch, withPair } from "./model_pair.ts";

/** Activations have 15 bits; weights are exact. */
const limit = 1e-5;

/** Rows of 256, so that blocks of 256 are not replaced by others; phi3's width is bound to its heads. */
const sizes = (architecture: string) => architecture === "phi3" ? {} : { width: 256 };

/** Types whose single tokens are computed too; the kernels' own tests do it for all. */
const stepped: FileType[] = ["Q4_0", "Q4_K_M", "MXFP4_MOE"];

const cases: [architecture: string, type: FileType, adapter?: "hardware"][] = [
  ["llama", "F16"],
  ["llama", "BF16"],
  ["llama", "Q4_0"],
  ["llama", "Q4_1"],
  ["llama", "Q5_0"],
  ["llama", "Q5_1"],
  ["llama", "Q8_0"],
  ["llama", "Q2_K"],
  ["llama", "Q3_K_M"],
  ["llama", "Q4_K_M"],
  ["llama", "Q5_K_M"],
  ["llama", "Q6_K"],
  ["llama", "IQ4_NL"],
  ["llama", "IQ4_XS"],
  ["phi3", "Q8_0"],
  ["gemma2", "Q8_0"],
  ["qwen2", "Q4_K_M"],
  ["qwen3moe", "Q4_K_M"],
  ["gpt-oss", "MXFP4_MOE"],
  // tiles, sorted experts, sums that meet in workgroup memory
  ["llama", "Q4_K_M", "hardware"],
  ["qwen3moe", "Q4_K_M", "hardware"],
  ["gpt-oss", "MXFP4_MOE", "hardware"],
];

const text = Array.from({ length: 70 }, (_, i) => (i * i * 7 + 11 * i + 3) % 300);

for (const [architecture, type, adapter = "this adapter"] of cases) {
  realTest(
    `${architecture} in ${type} with the kernels for ${adapter}: logits are those of the exact weights`,
    async () => {
      const path = await pairParts(
        quantisedModel(await tinyArchitecture(architecture, sizes(architecture)), type),
      );
      return { path, exact: await quantisedModel(path, "F32") };
    },
    async ({ path, exact }) => {
      await withPair(
        path,
        { oraclePath: exact, cacheType: "f32", asHardware: adapter === "hardware" },
        async ({ webgpu, llama }) => {
          const expected = await rowsOf(llama, textBatch(text));
          const split = stepped.includes(type) ? 64 : text.length;
          const prompt = await rowsOf(webgpu, textBatch(text.slice(0, split)));
          const steps: Float32Array[] = [];
          for (let i = split; i < text.length; i++) {
            steps.push(...await rowsOf(webgpu, textBatch([text[i]], 0, i)));
          }
          [...prompt, ...steps].forEach((row, i) => assertNmse(row, expected[i], limit, `row ${i}`));
        },
      );
    },
  );
}
