/** Buffers that the ops of a forward pass share. */
import type { BufferRange } from "../device/dispatch.ts";

export interface PassBuffers {
  /** Uniform: tokens T, wanted rows, single tokens, splits of their attention; written every step. */
  step: BufferRange;
  /** What each row is; see batch_layout.ts. Written every step. */
  batch: BufferRange;
  /** Page numbers of each sequence, `pagesPerSequence` words a sequence. */
  pages: BufferRange;
  /** Norm weights, biases, sinks, one after another as f32. */
  vectors: BufferRange;
  /** Stand where a variant of a kernel reads or writes nothing. */
  unread: BufferRange;
  unwritten: BufferRange;
}

/** Forms in which a tensor of activations is written: f32, and int8 in groups of 32 (kernels/snippets/q8.wgsl). */
export interface Activations {
  plain?: BufferRange;
  groups?: BufferRange;
}
