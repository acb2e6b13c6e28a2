/** The WGSL files, imported as text, and the parts that templates include. */
import bf16 from "./types/bf16.wgsl" with { type: "text" };
import f16 from "./types/f16.wgsl" with { type: "text" };
import f32 from "./types/f32.wgsl" with { type: "text" };
import fiveBits from "./types/five_bits.wgsl" with { type: "text" };
import group from "./types/group.wgsl" with { type: "text" };
import iq4Nl from "./types/iq4_nl.wgsl" with { type: "text" };
import iq4Table from "./types/iq4_table.wgsl" with { type: "text" };
import iq4Xs from "./types/iq4_xs.wgsl" with { type: "text" };
import mxfp4 from "./types/mxfp4.wgsl" with { type: "text" };
import q2k from "./types/q2_k.wgsl" with { type: "text" };
import q3k from "./types/q3_k.wgsl" with { type: "text" };
import q40 from "./types/q4_0.wgsl" with { type: "text" };
import q41 from "./types/q4_1.wgsl" with { type: "text" };
import q4k from "./types/q4_k.wgsl" with { type: "text" };
import q50 from "./types/q5_0.wgsl" with { type: "text" };
import q51 from "./types/q5_1.wgsl" with { type: "text" };
import q5k from "./types/q5_k.wgsl" with { type: "text" };
import q6k from "./types/q6_k.wgsl" with { type: "text" };
import q80 from "./types/q8_0.wgsl" with { type: "text" };
import sixBitScales from "./types/six_bit_scales.wgsl" with { type: "text" };
import values from "./types/values.wgsl" with { type: "text" };
import valuesOfGroup from "./types/values_of_group.wgsl" with { type: "text" };
import glu from "./snippets/glu.wgsl" with { type: "text" };
import q8 from "./snippets/q8.wgsl" with { type: "text" };
import weights from "./snippets/weights.wgsl" with { type: "text" };
import type { WeightType } from "../weights/weight_matrix.ts";
import type { Constants } from "./specialise.ts";

/** How int8 activations are laid out and made: `q8_quantise` takes 32 values of one thread. */
export const q8Snippet: string = q8;

const typeTexts: Record<WeightType, string> = {
  F32: f32,
  F16: f16,
  BF16: bf16,
  Q4_0: q40,
  Q4_1: q41,
  Q5_0: q50,
  Q5_1: q51,
  Q8_0: q80,
  Q2_K: q2k,
  Q3_K: q3k,
  Q4_K: q4k,
  Q5_K: q5k,
  Q6_K: q6k,
  IQ4_NL: iq4Nl,
  IQ4_XS: iq4Xs,
  MXFP4: mxfp4,
};

const halves: readonly WeightType[] = ["Q2_K", "Q3_K", "Q6_K"];
const withoutOffset: readonly WeightType[] = ["Q8_0", "IQ4_NL", "IQ4_XS", "MXFP4"];

/** True for types whose groups are int8 with a scale; false for plain floats. */
export function isGrouped(type: WeightType): boolean {
  return !["F32", "F16", "BF16"].includes(type);
}

/** What templates that include `weights` need to know of a type. */
export function weightConstants(type: WeightType, values: boolean): Constants {
  return {
    GROUPED: isGrouped(type),
    VALUES: values || !isGrouped(type),
    HALVES: halves.includes(type),
    OFFSET: !withoutOffset.includes(type),
  };
}

/** The parts for a template that includes `weights`. */
export function weightParts(type: WeightType): Record<string, string> {
  return {
    weights,
    group,
    type: typeTexts[type],
    five_bits: fiveBits,
    six_bit_scales: sixBitScales,
    iq4_table: iq4Table,
    values,
    values_of_group: valuesOfGroup,
    glu,
    q8,
  };
}
