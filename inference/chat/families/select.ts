/** Which family a template belongs to. */
import {
  apertus,
  commandR7b,
  commandRPlus,
  functionGemma,
  gemma4,
  gigachat,
  harmony,
  lfm2,
} from "./channel_families.ts";
import type { Family } from "./family.ts";
import { generic } from "./generic.ts";
import { deepseekR1, deepseekV31, kimi, solar } from "./listed_families.ts";
import { firefunction, functionary31, functionary32, llama3, pythonic } from "./llama.ts";
import { mistral, mistralNamed } from "./mistral.ts";
import {
  apriel,
  deepseekV32,
  deepseekV4,
  glm,
  granite,
  hermes,
  minimaxM1,
  minimaxM2,
  nemotron,
  phi4,
  qwenCoder,
  seed,
} from "./tag_families.ts";

/** The more particular marks come first. */
export const families: Family[] = [
  deepseekV32,
  deepseekV4,
  deepseekV31,
  deepseekR1,
  harmony,
  commandR7b,
  commandRPlus,
  apertus,
  gemma4,
  functionGemma,
  kimi,
  solar,
  mistralNamed,
  mistral,
  functionary32,
  firefunction,
  granite,
  phi4,
  seed,
  minimaxM2,
  apriel,
  minimaxM1,
  nemotron,
  qwenCoder,
  glm,
  hermes,
  lfm2,
  gigachat,
  functionary31,
  pythonic,
  llama3,
  generic,
];

/** The generic family when the template shows no marks of another. */
export function familyOf(template: string): Family {
  return families.find((family) => family.matches(template)) ?? generic;
}
