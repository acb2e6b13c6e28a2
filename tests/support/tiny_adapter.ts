/** A LoRA adapter with made-up weights, as a GGUF file. */
import { f32, type PlainTensor, writeGguf } from "./gguf_writer.ts";

/** A LoRA adapter of rank 2 for the first feed-forward matrix (64 x 128) of `tinyModel()`. */
export function tinyAdapterBytes(): Uint8Array<ArrayBuffer> {
  const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * 7 + 1));
  const tensors: PlainTensor[] = [
    {
      name: "blk.0.ffn_up.weight.lora_a",
      type: "F32",
      shape: [64, 2],
      data: new Uint8Array(values(128).buffer),
    },
    {
      name: "blk.0.ffn_up.weight.lora_b",
      type: "F32",
      shape: [2, 128],
      data: new Uint8Array(values(256).buffer),
    },
  ];
  const metadata = {
    "general.architecture": "llama",
    "general.type": "adapter",
    "adapter.type": "lora",
    "adapter.lora.alpha": f32(2),
  };
  return writeGguf({ metadata, tensors });
}
